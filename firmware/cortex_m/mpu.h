/*
 * The MPU of an ARMv7-M processor: ARMv7-M ARM (DDI 0403), B3.5. A region's attributes: XN 28, AP
 * 26:24, TEX 21:19, S, C, B 18:16, SRD 15:8, SIZE 5:1 (log2(bytes) - 1), ENABLE 0. Where regions
 * overlap the higher number wins.
 */
#ifndef NN_CORTEX_M_MPU_H
#define NN_CORTEX_M_MPU_H

#include <stdint.h>

/* The guards have the numbers 6 and 7, which the smallest MPU has, too; others are the board's. */
void mpu_set_region(uint32_t number, uint32_t base, uint32_t attributes);

/* The SIZE field of a region of that many bytes: a power of two, 32 or more. */
#define MPU_SIZE(bytes) ((30u - (uint32_t)__builtin_clz(bytes)) << 1)
#define MPU_FITS(origin, bytes) (((bytes) & ((bytes) - 1u)) == 0 && (origin) % (bytes) == 0)

/* On, with the processor's own map behind the regions. */
void mpu_enable(void);
void mpu_disable(void);

/*
 * A stack that grows too large faults in the lowest MPU_GUARD bytes of its budget instead of
 * overwriting what lies below.
 */
#define MPU_GUARD 256u
void mpu_guard_stack(void);
/* An access through a null pointer faults. For boards that keep the first 32 bytes empty. */
void mpu_guard_null(void);

#endif
