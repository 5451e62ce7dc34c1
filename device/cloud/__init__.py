"""A client of ST's Edge AI Developer Cloud: log in, generate, benchmark.

The protocol is that of ST's own client in its model zoo (stm32ai-modelzoo-services,
common/stm32ai_dc). Everything the cloud answers is checked before it is used; passwords and tokens
are never printed, logged or put into a build folder.
"""
