# What every network of nn2flash in a CMake project shares: docs/embedding.md of nn2flash.
# CMake 3.13 or newer. It calls no project(): compiler and languages are the host's.

include(CheckCSourceCompiles)

# C11, and floating-point steps as they are written, in 32 bits and not in x87's 80, whatever the
# host's flags say: what the promised bytes need. Assembly goes through the C compiler, with the flags
# that choose the processor.
function(_nn2flash_compile target)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "C" IN_LIST languages)
    message(FATAL_ERROR "nn2flash: '${target}' is written in C, which this project has not enabled:"
      " add it to your project(... LANGUAGES C CXX)")
  endif()
  get_target_property(sources ${target} SOURCES)
  set(assembly ${sources})
  list(FILTER assembly INCLUDE REGEX "\\.S$")
  set_source_files_properties(${assembly} PROPERTIES
    LANGUAGE C COMPILE_OPTIONS "-x;assembler-with-cpp")
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -ffp-contract=off -fno-fast-math)
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
  target_include_directories(nn2flash_runtime PUBLIC
    "$<BUILD_INTERFACE:${folder}>" "$<INSTALL_INTERFACE:include/nn2flash>")
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
  target_include_directories(${name} PUBLIC
    "$<BUILD_INTERFACE:${folder}>" "$<INSTALL_INTERFACE:include/${name}>")
  target_link_libraries(${name} PUBLIC nn2flash_runtime)
  _nn2flash_compile(${name})
endfunction()

# nn2flash_link(<target> <name>...): link networks, compiled with the target's own options, which
# choose its processor. A host whose options are global may link <name>::<name> by itself.
function(nn2flash_link target)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "nn2flash: there is no target '${target}' yet: take in the network behind"
      " add_executable(${target} ...)")
  endif()
  foreach(name ${ARGN})
    foreach(library ${name} nn2flash_runtime)
      target_compile_options(${library} BEFORE PRIVATE "$<TARGET_PROPERTY:${target},COMPILE_OPTIONS>")
    endforeach()
    # By their properties: target_link_libraries() wants all calls for a target in one of two forms,
    # and which one the host uses is not known here.
    set_property(TARGET ${target} APPEND PROPERTY LINK_LIBRARIES ${name}::${name})
    get_target_property(kind ${target} TYPE)
    if(NOT kind STREQUAL "EXECUTABLE")
      set_property(TARGET ${target} APPEND PROPERTY
        INTERFACE_LINK_LIBRARIES "$<LINK_ONLY:${name}::${name}>")
    endif()
  endforeach()
endfunction()

# nn2flash_install(<name> [<export>]): install a network's library, its headers and the runtime, as
# part of the export set of that name for hosts that install(EXPORT) what links them.
function(nn2flash_install name)
  set(export)
  if(ARGC GREATER 1)
    set(export EXPORT ${ARGV1})
  endif()
  set(libraries ${name})
  get_property(installed GLOBAL PROPERTY NN2FLASH_INSTALLED)
  if(NOT "runtime ${ARGV1}" IN_LIST installed)
    set_property(GLOBAL APPEND PROPERTY NN2FLASH_INSTALLED "runtime ${ARGV1}")
    list(APPEND libraries nn2flash_runtime)
  endif()
  foreach(library ${libraries})
    string(REPLACE nn2flash_runtime nn2flash folder ${library})
    get_target_property(headers ${library} SOURCES)
    list(FILTER headers INCLUDE REGEX "/[^/]+\\.h$")
    list(FILTER headers EXCLUDE REGEX "/kernels/")
    install(TARGETS ${library} ${export} ARCHIVE DESTINATION lib)
    install(FILES ${headers} DESTINATION include/${folder})
  endforeach()
endfunction()
