# Made by nn2flash 0.1.0; do not edit. PlatformIO runs this before it compiles the library.
Import("env")
# Flags of the processor from build_flags reach the compiler only, and assembly would be for another one.
env.Append(ASPPFLAGS=[flag for flag in env.Flatten(env["CCFLAGS"]) if str(flag).startswith("-m")])
