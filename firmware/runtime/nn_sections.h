/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the code of an inference and the layers' descriptions go, for linker scripts that put them
 * into a memory without wait states. Included by C and by assembly. A host project overrides the
 * names, or maps them in its linker script; without either they land beside other code and data.
 */
#ifndef NN_SECTIONS_H
#define NN_SECTIONS_H

/* Names of sections, without quotes: assembly takes them as they are. One inference, which calls
 * all kernels, is told from them, so that emulators know it; a host's name is for both. */
#ifdef NN_SECTION_KERNELS
#define NN_SECTION_INFERENCE NN_SECTION_KERNELS
#else
#define NN_SECTION_KERNELS .text.nn.kernels
#define NN_SECTION_INFERENCE .text.nn.kernels.inference
#endif
#ifndef NN_SECTION_LAYERS
#define NN_SECTION_LAYERS .rodata.nn.layers
#endif

#define NN_QUOTED(name) #name
#define NN_SECTION(name) __attribute__((section(NN_QUOTED(name))))

/* In position-independent programs descriptions with pointers are written to at start, the others
 * are not: one section cannot hold both. */
#if defined(__PIC__) || defined(__PIE__)
#define NN_LAYER
#else
#define NN_LAYER NN_SECTION(NN_SECTION_LAYERS)
#endif

#define NN_INFERENCE NN_SECTION(NN_SECTION_INFERENCE)

/* Tables that init makes: of no contents before, as all that is called .bss. */
#ifndef NN_SECTION_TABLES
#define NN_SECTION_TABLES .bss.nn.tables
#endif
#define NN_TABLES NN_SECTION(NN_SECTION_TABLES)

#endif /* NN_SECTIONS_H */
