"""For each of the examiner's rules a change of the firmware that breaks this rule and no other."""

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
_BUSY_WAIT = 'require(&QUADSPI_SR, QUADSPI_SR_BUSY, 0, "qspi: busy after a transfer");'

MUTANTS = (
    # --- bus and memories
    Mutant("bus.clock-off", (_without("usart.c", "CONSOLE_ENR |= CONSOLE_ENR_EN;"),)),
    Mutant(
        "bus.reserved",
        (Edit("board.c", _FIRST_STEP, f"{_FIRST_STEP} (void)REGISTER(0x40000000u);"),),
    ),
    Mutant(
        "memory.none",
        (Edit("sdram.c", "(8u * 1024u * 1024u / 4u)", "(16u * 1024u * 1024u / 4u)"),),
        "sdram",
    ),
    Mutant(
        "memory.read-only",
        (_after("leds.c", "set(leds[i], false);", "REGISTER(0x0801FFF0u) = 0;"),),
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
                "mt25q.c", "    reset();\n", "    uint32_t d; qspi_read(0x05000000u, 0, &d, 2);\n"
            ),
        ),
        "qspi",
    ),
    Mutant(
        "qspi.dual",
        (
            _after(
                "mt25q.c", "    reset();\n", "    uint32_t d; qspi_read(0x05000105u, 0, &d, 1);\n"
            ),
        ),
        "qspi",
    ),
    Mutant(
        "qspi.speed",
        (
            Edit("qspi.c", "QSPI_MAX_KHZ 50000u", "QSPI_MAX_KHZ 120000u"),
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
    Mutant("qspi.safe-end", (Edit("qspi.c", "(27u << 16)", "(26u << 16)"),), "qspi"),
    # --- SDRAM
    Mutant("sdram.sequence", (_without("sdram.c", "delay_us(POWER_UP_US);"),), "sdram"),
    Mutant(
        "sdram.settings", (Edit("sdram.c", "hclk <= 2u * SDRAM_MAX_KHZ ? 2u : 3u", "2u"),), "sdram"
    ),
    Mutant("sdram.write-recovery", (Edit("sdram.c", "(2u << 16)", "(1u << 16)"),), "sdram"),
    Mutant(
        "sdram.refresh", (Edit("sdram.c", "sdclk_khz / 64u - 20u", "sdclk_khz / 32u"),), "sdram"
    ),
    Mutant(
        "sdram.not-ready",
        (
            Edit(
                "sdram.c",
                _SDRAM_STEPS,
                "    mpu_open_sdram();\n    self_test();\n    controller_start();",
            ),
        ),
        "sdram",
    ),
    Mutant("sdram.device", (Edit("windows.c", "0x130B002Du", "0x1301002Du"),), "sdram"),
    # --- placement
    Mutant("inference.memory", (Edit("bringup.c", '".nn.weights"', '".rodata.weights"'),)),
)
