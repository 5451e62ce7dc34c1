/* The inputs of one network, as bytes of the file NN_INPUTS. */
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
    .section .rodata.nn.subset, "a"
    .balign 4
    .global JOIN(NN_NAME, _case_inputs)
    .global JOIN(NN_NAME, _case_inputs_end)
JOIN(NN_NAME, _case_inputs):
    .incbin NN_INPUTS
JOIN(NN_NAME, _case_inputs_end):
#if !defined(__arm__)
    .section .note.GNU-stack, "", %progbits
#endif
