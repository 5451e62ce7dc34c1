/*
 * Is what lies in an external flash what this program was linked with? Such a flash is written on
 * its own and may be erased, stale or damaged while the program in the chip is new.
 */
#ifndef NN_CORTEX_M_SEALS_H
#define NN_CORTEX_M_SEALS_H

/*
 * NULL when all external flash holds what it should, else what is wrong. The flash must be readable
 * by address. Uses neither .data nor .bss nor copied code.
 */
const char *seals_broken(void);

#endif
