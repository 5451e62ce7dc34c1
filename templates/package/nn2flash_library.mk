# What every network of nn2flash in a Makefile shares: docs/embedding.md of nn2flash.
# GNU Make 3.81 or newer. Uses CC, AR, CPPFLAGS and CFLAGS; change them before they are used.
#
# Takes from the including Makefile:
#   NN2FLASH_CFLAGS     further flags of the compiler, where those of the processor are not in CFLAGS;
#                       by itself it takes those of libopencm3's rules
#   NN2FLASH_BUILD      the folder of objects and libraries
# Gives to it:
#   $(eval $(call nn2flash_link,PROGRAM))  the program's link and compilations get what follows
#   NN2FLASH_CPPFLAGS   where the headers are
#   NN2FLASH_LIBRARIES  archives in link order, the runtime last; they need -lm
#   NN2FLASH_CLEAN      what `clean` removes

NN2FLASH_CFLAGS ?= $(TGT_CFLAGS) $(ARCH_FLAGS)
NN2FLASH_BUILD ?= nn2flash-build
NN2FLASH_CLEAN = $(NN2FLASH_BUILD)
# GCC's own archiver knows the target's format and link-time optimization.
NN2FLASH_AR ?= $(if $(and $(filter default,$(origin AR)),$(filter %gcc,$(CC))),$(CC:gcc=gcc-ar),$(AR))
# Floating-point steps as they are written, whatever CFLAGS say: what the promised bytes need.
NN2FLASH_REQUIRED = -std=c11 -ffp-contract=off -fno-fast-math $(NN2FLASH_SSE)
# x87 computes in 80 bits; asked once, when first used.
NN2FLASH_MACROS = $(shell $(CC) $(filter-out -M%,$(CPPFLAGS) $(CFLAGS) $(NN2FLASH_CFLAGS)) -dM -E -x c /dev/null 2>/dev/null)
NN2FLASH_SSE = $(eval NN2FLASH_SSE := $(call nn2flash_sse,$(NN2FLASH_MACROS)))$(NN2FLASH_SSE)
nn2flash_sse = $(if $(and $(findstring __FLT_EVAL_METHOD__ 2,$(1)),$(or \
    $(findstring __i386__ 1,$(1)),$(findstring __x86_64__ 1,$(1)))),-msse2 -mfpmath=sse)
NN2FLASH_RUNTIME_LIBRARY := $(NN2FLASH_BUILD)/libnn2flash_runtime.a
NN2FLASH_LIBRARIES = $(NN2FLASH_NETWORK_LIBRARIES) $(NN2FLASH_RUNTIME_LIBRARY)

# Our rules take make's default goal from no rule of the host, wherever this file is included:
# nn2flash_keep_goal before them, nn2flash_give_goal behind them. They do not nest.
nn2flash_keep_goal = nn2flash_goal := $$(.DEFAULT_GOAL)
nn2flash_give_goal = .DEFAULT_GOAL := $$(nn2flash_goal)

# $(call nn2flash_archive,ARCHIVE,FOLDER OF SOURCES,SOURCES,FOLDER OF OBJECTS)
define nn2flash_archive
$(nn2flash_keep_goal)
$(1): $(patsubst $(2)/%,$(4)/%.o,$(3))
	rm -f $$@
	$$(NN2FLASH_AR) rcs $$@ $$^
$(4)/%.o: $(2)/%
	@mkdir -p $$(@D)
	$$(CC) $$(NN2FLASH_CPPFLAGS) $$(CPPFLAGS) $$(CFLAGS) $$(NN2FLASH_CFLAGS) $$(NN2FLASH_REQUIRED) -MMD -MP -MF $$(@:.o=.d) -c -o $$@ $$<
-include $(patsubst $(2)/%,$(4)/%.d,$(3))
$(nn2flash_give_goal)
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
$(call nn2flash_archive,$(NN2FLASH_BUILD)/lib$(1).a,$(2),$(filter %.c %.S,$(3)),$(NN2FLASH_BUILD)/$(1)-objects)
endef

# $(call nn2flash_link,PROGRAM): all networks so far for a program: its prerequisites, and headers and
# libraries in the variables of make's own rules and of STM32CubeMX's, for it and its objects.
define nn2flash_link
$(nn2flash_keep_goal)
$(1): $(NN2FLASH_LIBRARIES)
$(1): CPPFLAGS += $(NN2FLASH_CPPFLAGS)
$(1): C_INCLUDES += $(NN2FLASH_CPPFLAGS)
$(1): LDLIBS += $(NN2FLASH_LIBRARIES) -lm
$(1): LIBS += $(NN2FLASH_LIBRARIES) -lm
$(nn2flash_give_goal)
endef
