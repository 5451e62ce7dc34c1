/* GPIO. RM0433 "General-purpose I/Os"; functions: datasheet of the STM32H750, "Port alternate
 * functions"; what is wired where: UM2488, "STM32H750B-DK I/O assignment". */
#include "bringup.h"
#include "registers.h"

#define MODE_OUTPUT 1u
#define MODE_ALTERNATE 2u
#define SPEED_VERY_HIGH 3u
#define PULL_UP 1u

static void clock_on(uint32_t port) {
    RCC_AHB4ENR |= 1u << port;
    (void)RCC_AHB4ENR; /* the clock runs when the write has arrived (RM0433, RCC) */
}

static void set_two_bits(volatile uint32_t *reg, uint32_t pin, uint32_t value) {
    *reg = (*reg & ~(3u << (2u * pin))) | (value << (2u * pin));
}

void pins_connect(const struct pins *groups, uint32_t count) {
    for (const struct pins *group = groups; group < groups + count; ++group) {
        clock_on(group->port);
        for (uint32_t pin = 0; pin < 16u; ++pin) {
            if ((group->mask >> pin & 1u) == 0) {
                continue;
            }
            volatile uint32_t *function = &GPIO_AFR(group->port, pin / 8u);
            const uint32_t shift = 4u * (pin % 8u);
            *function = (*function & ~(0xFu << shift)) | ((uint32_t)group->function << shift);
            set_two_bits(&GPIO_OSPEEDR(group->port), pin, SPEED_VERY_HIGH);
            set_two_bits(&GPIO_MODER(group->port), pin, MODE_ALTERNATE);
        }
    }
}

void pins_pull_up(uint32_t port, uint32_t pin) {
    clock_on(port);
    set_two_bits(&GPIO_PUPDR(port), pin, PULL_UP);
}

void pins_output(uint32_t port, uint32_t pin) {
    clock_on(port);
    set_two_bits(&GPIO_MODER(port), pin, MODE_OUTPUT);
}

/* It runs on CSI (RM0433 "I/O compensation cell"). */
void pins_compensate(void) {
    RCC_CR |= RCC_CR_CSION;
    require(&RCC_CR, RCC_CR_CSIRDY, RCC_CR_CSIRDY, "pins: CSI does not start");
    RCC_APB4ENR |= RCC_APB4ENR_SYSCFGEN;
    (void)RCC_APB4ENR;
    SYSCFG_CCCSR |= SYSCFG_CCCSR_EN;
    require(&SYSCFG_CCCSR, SYSCFG_CCCSR_READY, SYSCFG_CCCSR_READY,
            "pins: the compensation cell does not get ready");
}
