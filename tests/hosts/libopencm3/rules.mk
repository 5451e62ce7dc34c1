# Rules of libopencm3's kind: the processor is in ARCH_FLAGS, flags of the project in TGT_…, and CFLAGS,
# CPPFLAGS and LDFLAGS are whoever calls make's.
PREFIX ?= arm-none-eabi-
CC = $(PREFIX)gcc
LD = $(PREFIX)gcc
OBJCOPY = $(PREFIX)objcopy
OPT ?= -Os
CSTD ?= -std=c99

OBJS = $(CFILES:%.c=$(BUILD_DIR)/%.o)
TGT_CPPFLAGS += -MD -Wall -Wundef $(INCLUDES)
TGT_CFLAGS += $(OPT) $(CSTD) -ggdb3 $(ARCH_FLAGS) -fno-common -ffunction-sections -fdata-sections
TGT_CFLAGS += -Wextra -Wshadow -Wredundant-decls -Wstrict-prototypes -Wmissing-prototypes
TGT_LDFLAGS += $(ARCH_FLAGS) -Wl,--gc-sections
LDLIBS += -Wl,--start-group -lc -lgcc -Wl,--end-group

.SUFFIXES:
%: %,v
%: RCS/%

all: $(PROJECT).elf $(PROJECT).bin

$(BUILD_DIR)/%.o: %.c
	@mkdir -p $(dir $@)
	$(CC) $(TGT_CFLAGS) $(CFLAGS) $(TGT_CPPFLAGS) $(CPPFLAGS) -o $@ -c $<

$(PROJECT).elf: $(OBJS) $(LDSCRIPT)
	$(LD) $(TGT_LDFLAGS) $(LDFLAGS) $(OBJS) $(LDLIBS) -o $@

%.bin: %.elf
	$(OBJCOPY) -O binary $< $@

clean:
	rm -rf $(BUILD_DIR) $(PROJECT).elf $(PROJECT).bin $(NN2FLASH_CLEAN)

.PHONY: all clean
-include $(OBJS:.o=.d)
