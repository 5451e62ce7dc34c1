#include "bringup.h"
#include "registers.h"

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
