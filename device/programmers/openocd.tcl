# Procedures for OpenOCD (0.12 or newer), used by openocd.py. A procedure that fails ends OpenOCD
# with status 1.

# Write `hex`, read it back, start the firmware. `bank` is the number of the external flash's bank
# and `size` the bytes it must have, or both are "". An external flash that does not answer has no
# size, and OpenOCD notices that only after it wrote the chip's own flash: look before anything is
# erased. A board's script may have a procedure nn_check_protection that fails when the chip's own
# flash is protected.
proc nn_flash {hex bank size} {
    init
    reset init
    if {[llength [info procs nn_check_protection]]} { nn_check_protection }
    if {$bank ne ""} {
        if {[catch {flash probe $bank}]} {
            error "external flash: no answer"
        }
        set found [dict get [lindex [flash list] $bank] size]
        if {$found != $size} {
            error "external flash: found $found bytes, expected $size"
        }
    }
    echo "** Programming Started **"
    if {[catch {flash write_image erase $hex}]} {
        error "** Programming Failed **"
    }
    echo "** Programming Finished **"
    echo "** Verify Started **"
    if {[catch {verify_image $hex}]} {
        error "** Verify Failed **"
    }
    echo "** Verified OK **"
    echo "** Resetting Target **"
    reset run
    shutdown
}
