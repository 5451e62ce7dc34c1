# Before project(): the toolchain. After it, sdk_init(): libraries that are all INTERFACE, so that their
# sources are compiled in each program, and a linker script for each type of program.
set(CMAKE_TOOLCHAIN_FILE ${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake)
set(SDK_PATH ${CMAKE_CURRENT_LIST_DIR})

macro(sdk_init)
  add_subdirectory(${SDK_PATH} sdk)
  set(CMAKE_EXECUTABLE_SUFFIX .elf)
endmacro()

function(sdk_set_binary_type target type)
  set_target_properties(${target} PROPERTIES SDK_BINARY_TYPE ${type})
endfunction()

function(sdk_add_extra_outputs target)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} -Obinary $<TARGET_FILE:${target}> ${target}.bin VERBATIM)
endfunction()
