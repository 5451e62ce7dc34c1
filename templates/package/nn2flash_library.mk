# What every network of nn2flash in a Makefile shares: docs/embedding.md of nn2flash.
# GNU Make 3.81 or newer. Uses CC, AR, CPPFLAGS and CFLAGS; change them before they are used.
#
# Gives to the including Makefile:
#   NN2FLASH_CPPFLAGS   where the headers are
#   NN2FLASH_HEADERS    headers, for an order-only prerequisite of what includes them
#   NN2FLASH_LIBRARIES  archives in link order, the runtime last

NN2FLASH_BUILD ?= build/nn2flash
# GCC's own archiver knows the target's format and link-time optimization.
NN2FLASH_AR ?= $(if $(and $(filter default,$(origin AR)),$(filter %gcc,$(CC))),$(CC:gcc=gcc-ar),$(AR))
# Floating-point steps as they are written: what the promised bytes need.
NN2FLASH_CFLAGS = -std=c11 -ffp-contract=off $(NN2FLASH_SSE)
# x87 computes in 80 bits; asked once, when first used.
NN2FLASH_MACROS = $(shell $(CC) $(CPPFLAGS) $(CFLAGS) -dM -E -x c /dev/null 2>/dev/null)
NN2FLASH_SSE = $(eval NN2FLASH_SSE := $(call nn2flash_sse,$(NN2FLASH_MACROS)))$(NN2FLASH_SSE)
nn2flash_sse = $(if $(and $(findstring __FLT_EVAL_METHOD__ 2,$(1)),$(or \
    $(findstring __i386__ 1,$(1)),$(findstring __x86_64__ 1,$(1)))),-msse2 -mfpmath=sse)
NN2FLASH_RUNTIME_LIBRARY := $(NN2FLASH_BUILD)/libnn2flash_runtime.a
NN2FLASH_LIBRARIES = $(NN2FLASH_NETWORK_LIBRARIES) $(NN2FLASH_RUNTIME_LIBRARY)

# $(call nn2flash_archive,ARCHIVE,FOLDER OF SOURCES,SOURCES,FOLDER OF OBJECTS)
define nn2flash_archive
$(1): $(patsubst $(2)/%,$(4)/%.o,$(3))
	rm -f $$@
	$$(NN2FLASH_AR) rcs $$@ $$^
$(4)/%.o: $(2)/%
	@mkdir -p $$(@D)
	$$(CC) $$(NN2FLASH_CPPFLAGS) $$(CPPFLAGS) $$(CFLAGS) $$(NN2FLASH_CFLAGS) -MMD -MP -c -o $$@ $$<
-include $(patsubst $(2)/%,$(4)/%.d,$(3))
endef

# $(call nn2flash_runtime,FOLDER,VERSION): the runtime, once for all networks of the program.
define nn2flash_runtime
ifndef NN2FLASH_VERSION
NN2FLASH_VERSION := $(2)
NN2FLASH_CPPFLAGS += -I$(1)
$(call nn2flash_archive,$(NN2FLASH_RUNTIME_LIBRARY),$(1),$(wildcard $(1)/*.c $(1)/kernels/*.c $(1)/kernels/*.S),$(NN2FLASH_BUILD)/runtime)
else ifneq ($$(NN2FLASH_VERSION),$(2))
$$(error nn2flash: $(1) is version $(2), but another network brought the runtime of $$(NN2FLASH_VERSION): make both with the same version)
endif
endef

# $(call nn2flash_library,NAME,FOLDER,FILES): the library of one network.
define nn2flash_library
$(if $(filter $(1),$(NN2FLASH_NETWORKS)),$(error nn2flash: two networks are called '$(1)': give each a name of its own))
NN2FLASH_NETWORKS += $(1)
NN2FLASH_NETWORK_LIBRARIES += $(NN2FLASH_BUILD)/lib$(1).a
NN2FLASH_CPPFLAGS += -I$(2)
NN2FLASH_HEADERS += $(filter %.h,$(3))
$(call nn2flash_archive,$(NN2FLASH_BUILD)/lib$(1).a,$(2),$(filter %.c %.S,$(3)),$(NN2FLASH_BUILD)/$(1)-objects)
endef
