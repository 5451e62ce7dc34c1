/* Exact executed-instruction counts on Unicorn: a block hook in C, because a Python one would be
 * called thousands of times per inference. Built at first use with the host's gcc against the
 * headers and library that come in the unicorn wheel.
 *
 * Every instruction of an entered translation block counts, also those that an IT block skips:
 * they take an issue slot on the processor, and QEMU's -icount counts them too. Memory hooks are
 * never used: on the M profile they corrupt conditional stores (Unicorn 2.1.4).
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define CACHE_BITS 14

typedef struct {
    uint32_t address;
    uint32_t bytes;
    uint32_t instructions;
} block;

typedef struct {
    uc_engine *engine;
    uint64_t instructions;
    uint32_t stop;
    uint32_t profile_base;
    uint32_t profile_bytes;
    uint32_t lowest;   /* stack pointer at the start of any block; not watched while 0 */
    uint32_t *profile; /* times each halfword of the profiled range was an instruction's first */
    uint32_t shared;   /* a function whose instructions count where it was entered from, */
    uint32_t shared_bytes;
    uint32_t outside; /* the last block beside it */
    const uint64_t *starts; /* what is recorded: from each of these on so many instructions */
    const uint64_t *sizes;
    uint32_t windows;
    uint32_t window; /* the first one that has not ended */
    uint32_t *recorded;
    uint32_t mark; /* a function whose calls are marked */
    uint32_t back; /* where the last call of it returns to, if that is what is marked */
    uint32_t layer; /* its r1 */
    uint32_t marks;
    uint32_t most_marks;
    uint64_t *marked; /* three values for each mark */
    block cache[1u << CACHE_BITS];
} counter;

static uint32_t decode(counter *self, uint32_t address, uint32_t bytes) {
    uint16_t code[4096];
    uint32_t found = 0;
    bool inside = address - self->shared < self->shared_bytes;
    self->outside = inside ? self->outside : address;
    if (bytes > sizeof(code) || uc_mem_read(self->engine, address, code, bytes) != UC_ERR_OK) {
        return 0;
    }
    for (uint32_t i = 0; i < bytes / 2u;) {
        uint32_t offset = (inside ? self->outside : address + 2u * i) - self->profile_base;
        if (self->profile != NULL && offset < self->profile_bytes) {
            self->profile[offset / 2u]++;
        }
        found++;
        i += (code[i] >> 11) >= 0x1Du ? 2u : 1u; /* ARMv7-M ARM A5.1: 32-bit encodings */
    }
    return found;
}

/* Note the addresses of those instructions of a block that lie in a window. */
static void record(counter *self, uint32_t address, uint32_t bytes, uint32_t count) {
    uint16_t code[4096];
    uint64_t now = self->instructions;
    uint32_t at = 0;
    if (self->window == self->windows || now + count <= self->starts[self->window] ||
        bytes > sizeof(code) || uc_mem_read(self->engine, address, code, bytes) != UC_ERR_OK) {
        return;
    }
    for (; at < bytes / 2u && self->window < self->windows; now++) {
        if (now >= self->starts[self->window]) {
            *self->recorded++ = address + 2u * at;
            self->window += now + 1u == self->starts[self->window] + self->sizes[self->window];
        }
        at += (code[at] >> 11) >= 0x1Du ? 2u : 1u;
    }
}

/* Note the instructions executed before a marked call, or after its return, and its r1. */
static void mark(counter *self, uint64_t layer, uint64_t after) {
    if (self->marks < self->most_marks) {
        uint64_t *next = self->marked + 3u * (size_t)self->marks++;
        next[0] = layer;
        next[1] = after;
        next[2] = self->instructions;
    }
}

static void on_marked(uc_engine *engine, counter *self, uint32_t address) {
    uint32_t layer = 0;
    uint32_t after = 0;
    if (address == self->back) {
        mark(self, self->layer, 0);
        self->back = 0;
    }
    if (address == self->mark) {
        uc_reg_read(engine, UC_ARM_REG_R1, &layer);
        uc_reg_read(engine, UC_ARM_REG_R2, &after);
        if ((after & 0xFFu) != 0u) {
            mark(self, layer, 1);
        } else {
            uc_reg_read(engine, UC_ARM_REG_LR, &self->back);
            self->back &= ~1u;
            self->layer = layer;
        }
    }
}

static void on_block(uc_engine *engine, uint64_t where, uint32_t bytes, void *user) {
    counter *self = user;
    uint32_t address = (uint32_t)where & ~1u;
    block *known = &self->cache[(address >> 1) & ((1u << CACHE_BITS) - 1u)];
    if (address == self->stop) {
        return;
    }
    if (self->lowest != 0u) {
        uint32_t sp = 0;
        uc_reg_read(engine, UC_ARM_REG_SP, &sp);
        self->lowest = sp < self->lowest ? sp : self->lowest;
    }
    if (known->address != address || known->bytes != bytes || self->profile != NULL) {
        known->address = address;
        known->bytes = bytes;
        known->instructions = decode(self, address, bytes);
    }
    if (self->mark != 0u) {
        on_marked(engine, self, address);
    }
    if (self->windows != 0u) {
        record(self, address, bytes, known->instructions);
    }
    self->instructions += known->instructions;
}

counter *counter_attach(uc_engine *engine, uint32_t stop) {
    counter *self = calloc(1, sizeof(*self));
    uc_hook hook;
    if (self == NULL) {
        return NULL;
    }
    self->engine = engine;
    self->stop = stop;
    if (uc_hook_add(engine, &hook, UC_HOOK_BLOCK, (void *)on_block, self, 1, 0) != UC_ERR_OK) {
        free(self);
        return NULL;
    }
    return self;
}

void counter_profile(counter *self, uint32_t base, uint32_t bytes, uint32_t *profile,
                     uint32_t shared, uint32_t shared_bytes) {
    self->shared = shared;
    self->shared_bytes = shared_bytes;
    self->profile_base = base;
    self->profile_bytes = bytes;
    self->profile = profile;
}

/* Watch the stack pointer from now on (a start value), or no longer (0); returns the lowest seen.
 */
uint32_t counter_lowest(counter *self, uint32_t start) {
    uint32_t lowest = self->lowest;
    self->lowest = start;
    return lowest;
}

/* Record the addresses of `sizes` instructions from each of `starts` on, ascending and apart, counted
 * from the next reset; no windows: nothing any more. */
void counter_record(counter *self, const uint64_t *starts, const uint64_t *sizes, uint32_t windows,
                    uint32_t *recorded) {
    self->starts = starts;
    self->sizes = sizes;
    self->windows = windows;
    self->window = 0;
    self->recorded = recorded;
}

/* Mark the calls f(…, layer, after) of the function at `address`, 0: of none. A mark is layer, after
 * and the instructions executed: where the call returns to if `after` is 0, else where it begins.
 * Returns how many marks the calls before made. */
uint32_t counter_marks(counter *self, uint32_t address, uint64_t *marked, uint32_t most) {
    uint32_t made = self->marks;
    self->mark = address;
    self->back = 0;
    self->marks = 0;
    self->most_marks = most;
    self->marked = marked;
    return made;
}

uint64_t counter_read(counter *self) {
    return self->instructions;
}

void counter_reset(counter *self) {
    self->instructions = 0;
    self->window = 0;
    /* Code may have been written since: a later run decodes again. */
    memset(self->cache, 0, sizeof(self->cache));
}

/* Call a function once for each of `count` inputs; counts[i] gets its instructions. Registers r0
 * and r1 point to `input` and `output`. Returns 0, or 1 + the index of the call that failed. */
uint32_t counter_calls(counter *self, uint32_t function, uint32_t stack, uint32_t input,
                       uint32_t output, const uint8_t *inputs, uint32_t input_bytes,
                       uint8_t *outputs, uint32_t output_bytes, uint32_t count, uint32_t *counts) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t link = self->stop | 1u;
        uint32_t pc = 0;
        uint64_t before = self->instructions;
        uc_mem_write(self->engine, input, inputs + (size_t)i * input_bytes, input_bytes);
        uc_reg_write(self->engine, UC_ARM_REG_R0, &input);
        uc_reg_write(self->engine, UC_ARM_REG_R1, &output);
        uc_reg_write(self->engine, UC_ARM_REG_SP, &stack);
        uc_reg_write(self->engine, UC_ARM_REG_LR, &link);
        if (uc_emu_start(self->engine, function | 1u, self->stop, 0, 0) != UC_ERR_OK) {
            return 1u + i;
        }
        uc_reg_read(self->engine, UC_ARM_REG_PC, &pc);
        if ((pc & ~1u) != self->stop) {
            return 1u + i;
        }
        uc_mem_read(self->engine, output, outputs + (size_t)i * output_bytes, output_bytes);
        counts[i] = (uint32_t)(self->instructions - before);
    }
    return 0;
}

void counter_free(counter *self) {
    free(self);
}
