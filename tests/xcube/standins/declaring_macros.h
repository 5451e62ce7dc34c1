
/* Stand-in: the generator's macros, declaring next to nothing. */
#ifndef STANDIN_DECLARING_MACROS_H
#define STANDIN_DECLARING_MACROS_H

#define AI_STANDIN(name) extern int standin_##name;
#define AI_ARRAY_OBJ_DECLARE(name, ...) AI_STANDIN(name)
#define AI_INTQ_INFO_LIST_OBJ_DECLARE(name, ...) AI_STANDIN(name)
#define AI_TENSOR_OBJ_DECLARE(name, ...) AI_STANDIN(name)
#define AI_NETWORK_OBJ_DECLARE(...) AI_STANDIN(network_object)

#endif
