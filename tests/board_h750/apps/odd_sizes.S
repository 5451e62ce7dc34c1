/* One object of each class, each with an odd number of bytes, as firmware.ld.j2 knows them. */
    .syntax unified
    .thumb
    .section .isr_vector, "a"
    .word 0x20020000, Reset_Handler
    .section .text.Reset_Handler, "ax"
    .global Reset_Handler
    .thumb_func
Reset_Handler:
    b .
    .byte 0
    .section .rodata.some, "a"
    .space 13, 1
    .section .text.nn.kernels, "ax"
    .space 7, 2
    .section .rodata.nn.weights, "a"
    .space 101, 3
    .section .rodata.nn.subset, "a"
    .space 785, 4
    .section .data.some, "aw"
    .space 3, 5
    .section .bss.some, "aw", %nobits
    .space 5
    .section .nn.activations, "aw", %nobits
    .space 9
    .section .nn.results, "aw", %nobits
    .space 11
