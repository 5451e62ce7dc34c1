# What every network of nn2flash in a CMake project shares: docs/embedding.md of nn2flash.
# CMake 3.13 or newer.

include(CheckCSourceCompiles)

# C11, and floating-point steps as they are written, in 32 bits and not in x87's 80: what the
# promised bytes need. Assembly goes through the C compiler, with the flags that choose the
# processor.
function(_nn2flash_compile target)
  get_target_property(sources ${target} SOURCES)
  set(assembly ${sources})
  list(FILTER assembly INCLUDE REGEX "\\.S$")
  set_source_files_properties(${assembly} PROPERTIES
    LANGUAGE C COMPILE_OPTIONS "-x;assembler-with-cpp")
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${target} PRIVATE -ffp-contract=off)
  check_c_source_compiles("
    #if !(defined(__i386__) || defined(__x86_64__)) || __FLT_EVAL_METHOD__ != 2
    #error
    #endif
    int main(void) { return 0; }" NN2FLASH_X87)
  if(NN2FLASH_X87)
    target_compile_options(${target} PRIVATE -msse2 -mfpmath=sse)
  endif()
endfunction()

# nn2flash_runtime(<folder> <version>): the runtime, once for all networks of the project.
function(nn2flash_runtime folder version)
  if(TARGET nn2flash_runtime)
    get_target_property(there nn2flash_runtime NN2FLASH_VERSION)
    if(NOT there STREQUAL version)
      message(FATAL_ERROR "nn2flash: ${folder} is version ${version}, but another network brought"
        " the runtime of ${there}: make both with the same version")
    endif()
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS
    "${folder}/*.c" "${folder}/*.h" "${folder}/kernels/*.[chS]")
  add_library(nn2flash_runtime STATIC ${sources})
  set_target_properties(nn2flash_runtime PROPERTIES NN2FLASH_VERSION ${version})
  target_include_directories(nn2flash_runtime PUBLIC "${folder}")
  target_link_libraries(nn2flash_runtime PUBLIC m)
  _nn2flash_compile(nn2flash_runtime)
endfunction()

# nn2flash_library(<name> <folder> <file>...): the library of one network, <name>::<name>.
function(nn2flash_library name folder)
  if(TARGET ${name})
    message(FATAL_ERROR "nn2flash: there is a target '${name}' already: give each network a name"
      " of its own")
  endif()
  set(sources ${ARGN})
  list(FILTER sources INCLUDE REGEX "\\.[chS]$")
  add_library(${name} STATIC ${sources})
  add_library(${name}::${name} ALIAS ${name})
  target_include_directories(${name} PUBLIC "${folder}")
  target_link_libraries(${name} PUBLIC nn2flash_runtime)
  _nn2flash_compile(${name})
endfunction()
