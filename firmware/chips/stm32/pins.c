/* GPIO: the chip's reference manual, "General-purpose I/Os". What is wired where: board.toml. */
#include "registers.h"
#include "stm32.h"

#define MODE_OUTPUT 1u
#define MODE_ALTERNATE 2u
#define SPEED_VERY_HIGH 3u
#define PULL_UP 1u

void pins_clock_on(uint32_t port) {
    RCC_GPIOENR |= 1u << port;
    (void)RCC_GPIOENR; /* the clock runs when the write has arrived (reference manual, RCC) */
}

static void set_two_bits(volatile uint32_t *reg, uint32_t pin, uint32_t value) {
    *reg = (*reg & ~(3u << (2u * pin))) | (value << (2u * pin));
}

void pins_connect(const struct pins *groups, uint32_t count) {
    for (const struct pins *group = groups; group < groups + count; ++group) {
        pins_clock_on(group->port);
        for (uint32_t pin = 0; pin < 16u; ++pin) {
            if ((group->mask >> pin & 1u) == 0) {
                continue;
            }
            volatile uint32_t *function = &GPIO_AFR(group->port, pin / 8u);
            const uint32_t shift = 4u * (pin % 8u);
            *function = (*function & ~(0xFu << shift)) | ((uint32_t)group->function << shift);
            set_two_bits(&GPIO_OSPEEDR(group->port), pin, SPEED_VERY_HIGH);
            set_two_bits(&GPIO_PUPDR(group->port), pin, PULL_UP);
            set_two_bits(&GPIO_MODER(group->port), pin, MODE_ALTERNATE);
        }
    }
}

void pins_output(uint32_t port, uint32_t pin) {
    pins_clock_on(port);
    set_two_bits(&GPIO_MODER(port), pin, MODE_OUTPUT);
}
