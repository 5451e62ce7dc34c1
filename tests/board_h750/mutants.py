"""Wrong firmware: for each of the examiner's rules a change that breaks this rule and no other.

Below them what the examiner lets pass, each with the reason: silicon would not mind, or the model
cannot see it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.board_h750.firmware import Edit


@dataclass(frozen=True)
class Mutant:
    """A wrong firmware.

    Attributes:
        rule: the rule that stops it.
        edits: what is changed in the source.
        uses: external memories that the firmware uses, "qspi" and "sdram".
        revision: the silicon that shows it.
    """

    rule: str
    edits: tuple[Edit, ...]
    uses: str = ""
    revision: str = "V"


def _after(file: str, line: str, new: str) -> Edit:
    """`new` follows `line`."""
    return Edit(file, line, f"{line} {new}")


def _without(file: str, line: str) -> Edit:
    return Edit(file, line, "")


_FIRST_STEP = "    timebase_start(clocks_cpu_khz());\n    close_fmc_bank1();"
_PLL1_LOCKED = 'require(&RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY, "clock: PLL1 does not lock");'
_SDRAM_STEPS = "    controller_start();\n    mpu_open_sdram();\n    self_test();"
_TCF_WAIT = 'require(&QUADSPI_SR, QUADSPI_SR_TCF, QUADSPI_SR_TCF, "qspi: a transfer does not end");'
_QSPI_LIMIT = """_Static_assert(BOARD_QSPI_KHZ <= 50000u,
               "qspi_khz: at most 50000, for reads on one line without dummy cycles");
"""
_BUSY_WAIT = 'require(&QUADSPI_SR, QUADSPI_SR_BUSY, 0, "qspi: busy after a transfer");'

MUTANTS = (
    # --- bus and memories
    Mutant(
        "bus.clock-off",
        (_without("board.c", "    RCC_AHB3ENR |= RCC_AHB3ENR_FMCEN;\n    (void)RCC_AHB3ENR;\n"),),
    ),
    Mutant(
        "bus.reserved",
        (Edit("board.c", _FIRST_STEP, f"{_FIRST_STEP} (void)REGISTER(0x40000000u);"),),
    ),
    Mutant(
        "memory.none",
        (Edit("sdram.c", "(BOARD_SDRAM_BYTES / 4u)", "(BOARD_SDRAM_BYTES / 2u)"),),
        "sdram",
    ),
    Mutant(
        "memory.read-only",
        (_after("leds.c", "pins_clock_on(led->port);", "REGISTER(0x0801FFF0u) = 0;"),),
    ),
    Mutant("memory.clock-off", (_without("board.c", "RCC_AHB2ENR |= RCC_AHB2ENR_SRAMS;"),)),
    Mutant("mpu.denied", (_without("qspi.c", "mpu_open_qspi();"),), "qspi"),
    # --- power
    Mutant(
        "power.run-star",
        (
            Edit(
                "power.c",
                '"ldr r0, =0x5802480C',
                '"push {r0}\\n\\t" "pop {r0}\\n\\t" "ldr r0, =0x5802480C',
            ),
        ),
    ),
    Mutant(
        "power.supply",
        (
            Edit("power.c", "orr r1, r1, #2", "orr r1, r1, #1"),
            Edit("power.c", "!= PWR_CR3_LDOEN", "!= 1u"),
        ),
    ),
    Mutant(
        "power.vos-early",
        (
            Edit(
                "power.c",
                '"ldr r0, =0x5802480C',
                '"ldr r0, =0x58024818\\n\\t" "mov r1, #0xC000\\n\\t" '
                '"str r1, [r0]\\n\\t" "ldr r0, =0x5802480C',
            ),
        ),
    ),
    Mutant(
        "power.overdrive", (Edit("clocks.c", "silicon_is_revision_v() ?", "true ?"),), revision="Y"
    ),
    # --- clocks
    Mutant("clock.source", (_without("clocks.c", _PLL1_LOCKED),)),
    Mutant(
        "clock.hse-bypass",
        (_after("clocks.c", "RCC_CR |= RCC_CR_HSEON;", "RCC_CR &= ~RCC_CR_HSEBYP;"),),
    ),
    Mutant("clock.pll-running", (_after("clocks.c", _PLL1_LOCKED, "RCC_PLL1DIVR += 1u << 24;"),)),
    Mutant("clock.pll-range", (Edit("clocks.c", "0x01FF0008u", "0x01FF0004u"),)),
    Mutant(
        "clock.voltage",
        (
            Edit("clocks.c", "!power_vos0()", "false"),
            Edit("clocks.c", "HPRE2_PPRE2 0x48u", "HPRE2_PPRE2 0x49u"),
        ),
    ),
    Mutant("clock.bus", (Edit("clocks.c", "D2CFGR_PPRE2 0x440u", "D2CFGR_PPRE2 0x000u"),)),
    Mutant("clock.flash", (Edit("clocks.c", "FLASH_ACR_240MHZ 0x24u", "FLASH_ACR_240MHZ 0x11u"),)),
    # --- pins, console, errata, caches, core
    Mutant("pins.function", (Edit("usart.c", "BOARD_PINS_CONSOLE", "{{PORT_B, 8, 3u << 10}}"),)),
    Mutant("pins.compensation", (_without("board.c", "pins_compensate();"),), "qspi"),
    Mutant(
        "console.setup",
        (
            Edit(
                "usart.c",
                "(HSI_HZ + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD",
                "HSI_HZ / 9600u",
            ),
        ),
    ),
    Mutant("fmc.bank1", (Edit("board.c", _FIRST_STEP, "    timebase_start(clocks_cpu_khz());"),)),
    Mutant(
        "errata.axi-sram",
        (Edit("board.c", "if (silicon_is_revision_y()) {", "if (silicon_is_revision_v()) {"),),
        revision="Y",
    ),
    Mutant("cache.invalidate", (_without("caches.c", "        data_cache_invalidate();\n"),)),
    Mutant("fpu.off", (Edit("startup.c", "#0x00F00000", "#0"),)),
    Mutant("dwt.locked", (_without("timebase.c", "DWT_LAR = DWT_LAR_UNLOCK;"),)),
    # --- QSPI
    Mutant("qspi.startup", (_without("qspi.c", "    apply_startup_erratum();\n"),), "qspi"),
    Mutant("qspi.busy", (_without("qspi.c", _TCF_WAIT), _without("qspi.c", _BUSY_WAIT)), "qspi"),
    Mutant(
        "qspi.ccr-zero",
        (_after("qspi.c", "    mt25q_start();\n", "    QUADSPI_CCR = 0;\n"),),
        "qspi",
    ),
    Mutant(
        "qspi.data-only",
        (
            _after(
                "mt25q.c", "    reset();\n", "    uint8_t d[2]; qspi_read(0x05000000u, 0, d, 2);\n"
            ),
        ),
        "qspi",
    ),
    Mutant(
        "qspi.dual",
        (
            _after(
                "mt25q.c", "    reset();\n", "    uint8_t d; qspi_read(0x05000105u, 0, &d, 1);\n"
            ),
        ),
        "qspi",
    ),
    Mutant(
        "qspi.speed",
        (
            _without("qspi.c", _QSPI_LIMIT),
            Edit("qspi.c", "+ BOARD_QSPI_KHZ - 1u) / BOARD_QSPI_KHZ", "+ 119999u) / 120000u"),
            Edit("qspi.c", "(3u << 8)", "(7u << 8)"),
        ),
        "qspi",
    ),
    Mutant("qspi.deselect", (Edit("qspi.c", "(3u << 8)", "(0u << 8)"),), "qspi"),
    Mutant(
        "qspi.protocol",
        (Edit("qspi.c", "qspi_map(MT25Q_CCR_MAPPED)", "qspi_map(MT25Q_CCR_MAPPED ^ 0x800u)"),),
        "qspi",
    ),
    Mutant(
        "qspi.dummy-cycles",
        (Edit("qspi.c", "qspi_map(MT25Q_CCR_MAPPED)", "qspi_map(MT25Q_CCR_MAPPED - (2u << 18))"),),
        "qspi",
    ),
    Mutant(
        "qspi.not-mapped",
        (Edit("board.c", _FIRST_STEP, f"{_FIRST_STEP} (void)REGISTER(0x90000000u);"),),
        "qspi",
    ),
    Mutant(
        "qspi.window-open",
        (Edit("qspi.c", "    mt25q_start();\n", "    mpu_open_qspi();\n    mt25q_start();\n"),),
        "qspi",
    ),
    Mutant("qspi.safe-end", (Edit("qspi.c", "(31u - ", "(30u - "),), "qspi"),
    # --- SDRAM
    Mutant("sdram.sequence", (_without("sdram.c", "delay_us(POWER_UP_US);"),), "sdram"),
    Mutant(
        "sdram.settings", (Edit("sdram.c", "hclk <= 2u * SDCLK_MAX_KHZ ? 2u : 3u", "2u"),), "sdram"
    ),
    Mutant("sdram.write-recovery", (Edit("sdram.c", "(TWR - 1u)", "(TWR - 2u)"),), "sdram"),
    Mutant(
        "sdram.refresh",
        (Edit("sdram.c", "BOARD_SDRAM_REFRESH_MS >>", "BOARD_SDRAM_REFRESH_MS * 2u >>"),),
        "sdram",
    ),
    Mutant(
        "sdram.not-ready",
        (
            Edit(
                "sdram.c",
                "    FMC_SDRTR =",
                "    mpu_open_sdram();\n    (void)SDRAM[0];\n    FMC_SDRTR =",
            ),
        ),
        "sdram",
    ),
    Mutant("sdram.device", (Edit("windows.c", "0x130B0001u", "0x13010001u"),), "sdram"),
    # --- placement
    Mutant("inference.memory", (Edit("bringup.c", '".rodata.nn.weights"', '".rodata.weights"'),)),
    # --- what a review found missing
    Mutant(
        "clock.pll-output",
        (Edit("clocks.c", "0x01FF0008u", "0x01FE0008u"),),
    ),
    Mutant(
        "clock.pll-divider",
        (Edit("clocks.c", "(3u << 16) | (1u << 9)", "(3u << 16) | (2u << 9)"),),
    ),
    Mutant(
        "clock.kernel",
        (_after("qspi.c", "(void)RCC_AHB3ENR;", "REGISTER(0x5802444Cu) |= 2u << 4;"),),
        "qspi",
    ),
    Mutant(
        "clock.kernel",
        (_after("sdram.c", "(void)RCC_AHB3ENR;", "REGISTER(0x5802444Cu) |= 2u;"),),
        "sdram",
    ),
    Mutant(
        "clock.kernel",
        (
            Edit("clocks.c", "0x01FF0008u", "0x01FD0008u"),
            _after("qspi.c", "(void)RCC_AHB3ENR;", "REGISTER(0x5802444Cu) |= 1u << 4;"),
        ),
        "qspi",
    ),
    Mutant(
        "qspi.speed",
        (
            Edit("clocks.c", "(3u << 16) | (1u << 9)", "(1u << 16) | (1u << 9)"),
            _after("qspi.c", "(void)RCC_AHB3ENR;", "REGISTER(0x5802444Cu) |= 1u << 4;"),
            Edit("qspi.c", "(3u << 8)", "(7u << 8)"),
        ),
        "qspi",
    ),
    Mutant(
        "sdram.settings",
        (
            Edit("clocks.c", "(3u << 16) | (1u << 9)", "(0u << 16) | (1u << 9)"),
            _after("sdram.c", "(void)RCC_AHB3ENR;", "REGISTER(0x5802444Cu) |= 1u;"),
            _after("sdram.c", "command(SDCMR_PRECHARGE_ALL);", "delay_us(20);"),
        ),
        "sdram",
    ),
    Mutant(
        "console.setup",
        (_after("clocks.c", "RCC_CR &= ~RCC_CR_HSIDIV;", "RCC_CR |= 1u << 3;"),),
    ),
    Mutant("systick.reload", (Edit("timebase.c", "khz - 1u;", "(khz - 1u) * 1000u;"),)),
    Mutant("clock.read-back", (_without("usart.c", "    (void)CONSOLE_ENR;\n"),)),
    Mutant("clock.read-back", (_without("pins.c", "(void)RCC_GPIOENR;"),)),
    Mutant("clock.read-back", (_without("qspi.c", "    (void)RCC_AHB3ENR;\n"),), "qspi"),
    Mutant("clock.read-back", (_without("sdram.c", "(void)RCC_AHB3ENR;"),), "sdram"),
    Mutant("clock.read-back", (_without("compensation.c", "(void)RCC_APB4ENR;"),), "qspi"),
    Mutant(
        "clock.read-back",
        (_without("board.c", "    (void)RCC_AHB2ENR;\n"),),
    ),
    # The flag of before a write is still seen until the write has arrived.
    Mutant("power.overdrive", (_without("power.c", "(void)PWR_D3CR;"),)),
    Mutant(
        "clock.voltage",
        (
            _without("power.c", "(void)SYSCFG_PWRCR;"),
            Edit("clocks.c", "HPRE2_PPRE2 0x48u", "HPRE2_PPRE2 0x49u"),
        ),
    ),
    Mutant(
        "core.barrier", (Edit("startup.c", '"dsb\\n\\t"\n                   "isb\\n\\t"', '""'),)
    ),
    Mutant(
        "core.barrier",
        (
            Edit(
                "startup.c",
                '    __asm volatile("dsb\\n\\tisb" ::: "memory");\n    board_early',
                "    board_early",
            ),
        ),
    ),
    Mutant(
        "core.barrier",
        (
            Edit(
                "mpu.c",
                'MPU_CTRL_ENABLE;\n    __asm volatile("dsb\\n\\tisb" ::: "memory");',
                "MPU_CTRL_ENABLE;",
            ),
        ),
    ),
    Mutant(
        "core.barrier",
        (
            Edit(
                "mpu.c",
                'MPU_RASR = attributes;\n    __asm volatile("dsb\\n\\tisb" ::: "memory");',
                "MPU_RASR = attributes;",
            ),
        ),
    ),
    Mutant(
        "core.barrier",
        (
            Edit(
                "caches.c",
                'SCB_CCR_IC;\n        __asm volatile("dsb\\n\\tisb" ::: "memory");',
                "SCB_CCR_IC;",
            ),
        ),
    ),
    Mutant("core.faults", (_without("startup.c", "SCB_SHCSR |= SCB_SHCSR_FAULTS;"),)),
    Mutant("mpu.system-flash", (Edit("windows.c", "0x11040025u", "0x01040025u"),)),
    Mutant(
        "mpu.system-flash",
        (_without("windows.c", "mpu_set_region(REGION_SYSTEM_FLASH, 0x1FF00000u, 0x11040025u);"),),
    ),
    Mutant(
        "mpu.too-large",
        (Edit("windows.c", "MPU_SIZE(BOARD_SDRAM_BYTES)", "MPU_SIZE(2u * BOARD_SDRAM_BYTES)"),),
        "sdram",
    ),
    Mutant("mpu.guards", (_without("windows.c", "mpu_guard_stack();"),)),
    Mutant("mpu.guards", (_without("windows.c", "mpu_guard_null();"),)),
    Mutant("errata.write-through", (Edit("windows.c", "0x130B0001u", "0x13020001u"),), "sdram"),
    Mutant(
        "errata.write-through",
        (
            _after(
                "windows.c",
                "mpu_guard_stack();",
                "mpu_set_region(4, 0x24000000u, 0x03020025u);",
            ),
        ),
    ),
    Mutant(
        "sdram.window-open",
        (
            Edit(
                "sdram.c",
                "    controller_start();\n    mpu_open_sdram();",
                "    mpu_open_sdram();\n    controller_start();",
            ),
        ),
        "sdram",
    ),
    Mutant("sdram.command-delay", (_without("sdram.c", "delay_us(1);"),), "sdram"),
    Mutant(
        "mpu.too-large",
        (
            Edit("windows.c", "MPU_SIZE(BOARD_QSPI_BYTES)", "MPU_SIZE(2u * BOARD_QSPI_BYTES)"),
            Edit("qspi.c", "(31u - ", "(32u - "),
        ),
        "qspi",
    ),
    Mutant("sdram.sequence", (Edit("sdram.c", "? 1u << 3 :", "? 1u << 4 :"),), "sdram"),
    Mutant("qspi.recovery", (_without("mt25q.c", "delay_us(RESET_RECOVERY_US);"),), "qspi"),
    Mutant("qspi.startup", (Edit("qspi.c", '"r"(0xFF000001u)', '"r"(0x00000001u)'),), "qspi"),
    Mutant(
        "console.baud-late",
        (_after("usart.c", "(void)CONSOLE_RSTR;", "CONSOLE_CR1 = USART_CR1_UE;"),),
    ),
    Mutant(
        "console.pin-early",
        (_after("usart.c", "(void)CONSOLE_RSTR;", "pins_connect(console_pins, COUNT);"),),
    ),
    Mutant("cache.invalidate", (_without("caches.c", "        SCB_ICIALLU = 0;\n"),)),
    Mutant("clock.flash", (Edit("clocks.c", "FLASH_ACR_240MHZ 0x24u", "FLASH_ACR_240MHZ 0x23u"),)),
    Mutant("clock.pll-range", (Edit("clocks.c", "0x01FF0008u", "0x01FF000Au"),)),
    Mutant("clock.bus", (Edit("clocks.c", "D3CFGR_PPRE2 0x40u", "D3CFGR_PPRE2 0x00u"),)),
    Mutant("pins.function", (Edit("pins.c", "SPEED_VERY_HIGH 3u", "SPEED_VERY_HIGH 1u"),), "qspi"),
    Mutant("sdram.settings", (Edit("sdram.c", "(TXSR - 1u)", "(TXSR - 3u)"),), "sdram"),
    Mutant(
        "sdram.settings", (Edit("sdram.c", "BOARD_SDRAM_CAS << 4) << 9", "2u << 4) << 9"),), "sdram"
    ),
    Mutant("sdram.sequence", (Edit("sdram.c", "(3u | 7u << 5)", "3u"),), "sdram"),
)


@dataclass(frozen=True)
class Harmless:
    """A change that the examiner lets pass.

    Attributes:
        why: why silicon would not mind, or why the model cannot tell.
    """

    why: str
    edits: tuple[Edit, ...]
    uses: str = ""


HARMLESS = (
    Harmless(
        "silicon: more wait states than needed are slower, not wrong",
        (Edit("clocks.c", "FLASH_ACR_240MHZ 0x24u", "FLASH_ACR_240MHZ 0x37u"),),
    ),
    Harmless(
        "silicon: a slower QSPI clock works, too",
        (Edit("qspi.c", "+ BOARD_QSPI_KHZ - 1u) / BOARD_QSPI_KHZ", "+ 24999u) / 25000u"),),
        "qspi",
    ),
    Harmless(
        "silicon: rows may be refreshed more often",
        (Edit("sdram.c", "BOARD_SDRAM_REFRESH_MS >>", "BOARD_SDRAM_REFRESH_MS / 2u >>"),),
        "sdram",
    ),
    Harmless(
        "silicon: longer than the chips need",
        (Edit("sdram.c", "POWER_UP_US 100u", "POWER_UP_US 200u"),),
        "sdram",
    ),
    Harmless(
        "silicon: without the instruction cache it is slower, not wrong",
        (_without("caches.c", "        SCB_CCR |= SCB_CCR_IC;\n"),),
    ),
    Harmless(
        "silicon: this board's SRAM1 to SRAM3 may stay on for ever, and unused R and Q outputs off",
        (Edit("clocks.c", "0x01FF0008u", "0x01F90008u"),),
    ),
    Harmless(
        "model: merging of stores in the core's store buffer is not in it",
        (_without("sdram.c", '__asm volatile("dsb" ::: "memory");'),),
        "sdram",
    ),
    Harmless(
        "model: it has no caches' contents, so a missing barrier after invalidation by set and way"
        " shows nothing",
        (Edit("caches.c", '    }\n    __asm volatile("dsb" ::: "memory");\n}', "    }\n}"),),
    ),
    Harmless(
        "model: barriers behind the invalidation of the instruction cache: it is content with those"
        " behind its start",
        (
            Edit(
                "caches.c",
                'SCB_ICIALLU = 0;\n        __asm volatile("dsb\\n\\tisb" ::: "memory");',
                "SCB_ICIALLU = 0;",
            ),
        ),
    ),
    Harmless(
        "model: sampling half a clock later is analog",
        (Edit("qspi.c", "| CR_SSHIFT | CR_DFM", "| CR_DFM"),),
        "qspi",
    ),
)
