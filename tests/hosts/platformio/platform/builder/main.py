"""The build of a program: what PlatformIO finds below src/ and lib/, for this computer, or for the
processor that build_flags choose, whose boards have no flags for assembly here."""

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()
env["CC"] = env.GetProjectOption("custom_compiler")
env.Append(LINKFLAGS=env.Split(env.GetProjectOption("custom_link_flags")))
Default(env.BuildProgram())
