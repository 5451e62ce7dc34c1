/*
 * Arm MPS2+ with FPGA image AN500 (Cortex-M7), as QEMU emulates it. Console: the first APB UART of
 * the Cortex-M System Design Kit (DDI 0479, "APB UART"), at 0x40004000 (AN500, memory map).
 */
#include "board.h"

struct cmsdk_uart {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t ctrl;
    volatile uint32_t interrupt;
    volatile uint32_t bauddiv;
};

#define UART0 ((struct cmsdk_uart *)0x40004000u)
#define UART_STATE_TX_FULL (1u << 0)
#define UART_STATE_RX_FULL (1u << 1)
#define UART_CTRL_TX_RX (3u << 0)
#define UART_CTRL_RX_INTERRUPT (1u << 3)
#define UART_INTERRUPT_RX (1u << 1)

/* The 25 MHz counter of the FPGA's I/O block (AN500, "FPGA system control and I/O"). */
#define FPGAIO_COUNTER (*(volatile uint32_t *)0x40028018u)

/* NVIC: ARMv7-M ARM (DDI 0403), B3.4. */
#define NVIC_ISER0 (*(volatile uint32_t *)0xE000E100u)
#define NVIC_ICER0 (*(volatile uint32_t *)0xE000E180u)
#define NVIC_ICPR0 (*(volatile uint32_t *)0xE000E280u)
#define UART0_RX_IRQ 0

/* Semihosting (Arm "Semihosting for AArch32 and AArch64"): operation and its exit reason. */
#define SYS_EXIT_EXTENDED 0x20u
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

void board_init(void) {
    UART0->bauddiv = 217; /* 25 MHz / 115200; the UART accepts nothing below 16 */
    UART0->ctrl = UART_CTRL_TX_RX;
}

void board_console_write(const char *data, size_t size) {
    UART0->ctrl = UART_CTRL_TX_RX; /* a fault before board_init() shall be seen too */
    for (size_t i = 0; i < size; ++i) {
        while ((UART0->state & UART_STATE_TX_FULL) != 0) {
        }
        UART0->data = (uint8_t)data[i];
    }
}

/* A pending interrupt ends the sleep; masked, and disabled before that ends, it is never taken. */
void board_console_wait(void) {
    __asm volatile("cpsid i" ::: "memory");
    UART0->ctrl = UART_CTRL_TX_RX | UART_CTRL_RX_INTERRUPT;
    UART0->interrupt = UART_INTERRUPT_RX;
    NVIC_ICPR0 = 1u << UART0_RX_IRQ;
    NVIC_ISER0 = 1u << UART0_RX_IRQ;
    if ((UART0->state & UART_STATE_RX_FULL) == 0) {
        __asm volatile("wfi" ::: "memory");
    }
    NVIC_ICER0 = 1u << UART0_RX_IRQ;
    __asm volatile("dsb\n\tisb\n\tcpsie i" ::: "memory");
}

int board_console_read(void) {
    if ((UART0->state & UART_STATE_RX_FULL) == 0) {
        return -1;
    }
    return (int)(UART0->data & 0xFFu);
}

/* QEMU counts instructions, which are not cycles. */
uint32_t board_cycles(void) {
    return 0;
}

/*
 * With `-icount shift=6` QEMU takes 64 ns of its time for an instruction, which are 1.6 ticks of
 * this counter. To be asked at least every 172 s of that time, when the counter wraps.
 */
uint32_t board_instructions(void) {
    static uint32_t last;
    static uint64_t ticks;
    const uint32_t now = FPGAIO_COUNTER;
    ticks += now - last;
    last = now;
    return (uint32_t)(ticks * 5u / 8u);
}

__attribute__((noinline, used)) _Noreturn void board_finish(int32_t status, const void *results,
                                                            uint32_t size) {
    (void)results; /* read by whoever stopped at the first instruction */
    (void)size;
    const uint32_t reason[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint32_t)status};
    for (;;) {
        register uint32_t operation __asm("r0") = SYS_EXIT_EXTENDED;
        register const uint32_t *argument __asm("r1") = reason;
        __asm volatile("bkpt 0xAB" : "+r"(operation) : "r"(argument) : "memory");
    }
}
