"""The build of a program: what PlatformIO finds below src/ and lib/."""

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()
env["CC"] = "gcc"
Default(env.BuildProgram())
