# nn2flash as part of a Makefile: docs/embedding.md. Networks are made while the program is built,
# and again when their model or the generator changes. GNU Make 4.3 or newer.
#
#   include path/to/nn2flash/nn2flash.mk
#   $(eval $(call nn2flash_network,NAME,MODEL.onnx[,OPTIONS OF `codegen generate`[,PROGRAM]]))
#
# PROGRAM, if given, is linked with it. NN2FLASH_PYTHON: a Python with requirements/core.txt, where
# .venv is not; a variable of Make or of the environment.
NN2FLASH_ROOT := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
ifeq ($(wildcard $(NN2FLASH_ROOT)/nn2flash.mk),)
$(error nn2flash: GNU Make takes no path with spaces: put nn2flash elsewhere)
endif
ifeq ($(filter grouped-target,$(.FEATURES)),)
$(error nn2flash: GNU Make $(MAKE_VERSION) is too old: use 4.3 or newer, or a package (nn2flash: scons package))
endif
NN2FLASH_PYTHON ?= $(NN2FLASH_ROOT)/.venv/bin/python
ifneq ($(word 2,$(NN2FLASH_PYTHON)),)
$(error nn2flash: GNU Make takes no path with spaces: NN2FLASH_PYTHON=$(NN2FLASH_PYTHON))
endif
ifeq ($(wildcard $(NN2FLASH_PYTHON)),)
$(error nn2flash: no $(NN2FLASH_PYTHON): run ./bootstrap python -m codegen -h in $(NN2FLASH_ROOT), or set NN2FLASH_PYTHON)
endif
include $(NN2FLASH_ROOT)/templates/package/nn2flash_library.mk

# -P: nothing of the folder that this happens to run in may be taken for a module of nn2flash. A
# PYTHONHOME is another Python's.
NN2FLASH_GENERATE := env -u PYTHONHOME PYTHONPATH="$(abspath $(NN2FLASH_ROOT))" $(NN2FLASH_PYTHON) -P -m codegen generate
$(eval $(call nn2flash_runtime,$(NN2FLASH_ROOT)/firmware/runtime,$(shell \
    sed -n 's/^VERSION = (\([0-9]*\), \([0-9]*\), \([0-9]*\))/\1.\2.\3/p' $(NN2FLASH_ROOT)/codegen/version.py)))

# The files of a network, or the end of the run when the generator has none to tell of.
nn2flash_files = $(or $(shell $(NN2FLASH_GENERATE) --name $(1) --out-dir $(NN2FLASH_BUILD)/$(1) $(3) --print-outputs),$(error nn2flash: no network '$(1)': see above))

# Includes are made before all else, and Make starts again: so are the headers, whatever a program's
# objects are called. Cleaning needs none.
nn2flash_cleaning = $(and $(MAKECMDGOALS),$(if $(filter-out %clean,$(MAKECMDGOALS)),,yes))

define nn2flash_network
$(nn2flash_keep_goal)
$(1)_FILES := $(call nn2flash_files,$(1),$(2),$(3))
$$($(1)_FILES) &: $(2)
	$$(NN2FLASH_GENERATE) --name $(1) --out-dir $(NN2FLASH_BUILD)/$(1) $(3) --model $(2) --depfile $(NN2FLASH_BUILD)/$(1)/$(1).d
-include $(NN2FLASH_BUILD)/$(1)/$(1).d
$(NN2FLASH_BUILD)/$(1)/made.mk: $$($(1)_FILES)
	@touch $$@
$(if $(nn2flash_cleaning),,include $(NN2FLASH_BUILD)/$(1)/made.mk)
$(nn2flash_give_goal)
$$(eval $$(call nn2flash_library,$(1),$(NN2FLASH_BUILD)/$(1),$$($(1)_FILES)))
$(if $(4),$$(eval $$(call nn2flash_link,$(4))))
endef
