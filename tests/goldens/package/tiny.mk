# Made by nn2flash 0.1.0; do not edit. The network "tiny" for GNU Make: include this file.
tiny_FOLDER := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
ifeq ($(wildcard $(tiny_FOLDER)/tiny.mk),)
$(error nn2flash: GNU Make takes no path with spaces: put the package of 'tiny' elsewhere)
endif
include $(tiny_FOLDER)/nn2flash_library.mk
tiny_FILES := \
    $(tiny_FOLDER)/network/tiny.h \
    $(tiny_FOLDER)/network/tiny.c \
    $(tiny_FOLDER)/network/tiny_data.h \
    $(tiny_FOLDER)/network/tiny_data.c \
    $(tiny_FOLDER)/network/tiny_data_params.h \
    $(tiny_FOLDER)/network/tiny_data_params.c \
    $(tiny_FOLDER)/network/tiny_selftest.c \
    $(tiny_FOLDER)/network/tiny_config.h \
    $(tiny_FOLDER)/network/tiny_kernels.h \
    $(tiny_FOLDER)/network/tiny_kernels.c \
    $(tiny_FOLDER)/network/tiny_assembly.S \
    $(tiny_FOLDER)/network/tiny_io.h \
    $(tiny_FOLDER)/network/tiny_io.c \
    $(tiny_FOLDER)/network/tiny_preprocess.h \
    $(tiny_FOLDER)/network/tiny_preprocess.c \
    $(tiny_FOLDER)/network/tiny_selftest.h

$(eval $(call nn2flash_runtime,$(tiny_FOLDER)/runtime,0.1.0))
$(eval $(call nn2flash_library,tiny,$(tiny_FOLDER)/network,$(tiny_FILES)))
