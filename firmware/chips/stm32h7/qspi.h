/*
 * QUADSPI with one chip, or with two side by side (dual-flash mode): even bytes in the first, odd
 * ones in the second. What is read or written once per chip (status, id, settings) is two bytes
 * then.
 */
#ifndef CHIPS_STM32H7_QSPI_H
#define CHIPS_STM32H7_QSPI_H

#include <stdint.h>

/*
 * A command as QUADSPI_CCR has it (RM0433): INSTRUCTION 7:0, and the number of lines (0 none, 1, 2,
 * 3 for four) of instruction 9:8, address 11:10 and data 25:24; ADSIZE 13:12 (3: 32 bits); DCYC
 * 22:18; FMODE 27:26 (0 write, 1 read, 3 memory-mapped).
 */
void qspi_command(uint32_t ccr);
void qspi_write_each(uint32_t ccr, uint8_t value); /* the same byte to each chip */
void qspi_read(uint32_t ccr, uint32_t address, uint8_t *to, uint32_t bytes); /* at most 32 */
void qspi_map(uint32_t ccr);

/* mt25q.c; opcodes and registers from Micron's data sheet of the MT25Q. */
void mt25q_start(void);
/* Memory-mapped read with the dummy cycles that mt25q_start() set. */
#define MT25Q_CCR_MAPPED 0x0F283DECu        /* 0xEC, 1-4-4, 10 dummy cycles */
#define MT25Q_CCR_READ_ONE_LINE 0x05003513u /* 0x13, 1-1-1, none; up to 50 MHz */

#endif
