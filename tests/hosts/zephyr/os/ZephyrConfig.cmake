# What a host of Zephyr's kind gives to modules: options of prj.conf, libraries that are linked whole, and
# flags that are the operating system's.
enable_language(C ASM)
file(STRINGS prj.conf options REGEX "=y$")
foreach(option ${options})
  string(REPLACE "=y" "" option ${option})
  set(${option} y)
endforeach()

add_library(zephyr_interface INTERFACE)
target_compile_options(zephyr_interface INTERFACE ${OS_FLAGS} -Os -std=c99 -Wall -Wextra -Werror)
# The operating system's own C library: a <math.h> without functions.
set(CONFIG_MINIMAL_LIBC y)
target_include_directories(zephyr_interface BEFORE INTERFACE ${CMAKE_CURRENT_LIST_DIR}/libc)
set_property(GLOBAL PROPERTY OS_LIBRARIES "")

function(zephyr_include_directories)
  foreach(folder ${ARGN})
    get_filename_component(folder ${folder} ABSOLUTE)
    target_include_directories(zephyr_interface INTERFACE ${folder})
  endforeach()
endfunction()

macro(zephyr_library_named name)
  set(OS_LIBRARY ${name})
  add_library(${name} STATIC)
  target_link_libraries(${name} PUBLIC zephyr_interface)
  set_property(GLOBAL APPEND PROPERTY OS_LIBRARIES ${name})
endmacro()

# As in Zephyr 2: who comes second with a first option gets none of his.
function(zephyr_library_compile_options item)
  string(MD5 name ${item})
  if(NOT TARGET options_${name})
    add_library(options_${name} INTERFACE)
    target_compile_options(options_${name} INTERFACE ${item} ${ARGN})
    target_link_libraries(${OS_LIBRARY} PRIVATE options_${name})
  endif()
endfunction()

function(zephyr_library_sources)
  target_sources(${OS_LIBRARY} PRIVATE ${ARGN})
endfunction()

foreach(module ${ZEPHYR_EXTRA_MODULES})
  get_filename_component(module ${module} REALPATH)
  file(STRINGS ${module}/zephyr/module.yml place REGEX "^  cmake: ")
  string(REPLACE "  cmake: " "" place ${place})
  get_filename_component(name ${module} NAME)
  add_subdirectory(${module}/${place} modules/${name})
endforeach()

add_executable(app ${CMAKE_CURRENT_LIST_DIR}/startup.c)
get_property(libraries GLOBAL PROPERTY OS_LIBRARIES)
target_link_libraries(app PRIVATE
  zephyr_interface -Wl,--whole-archive ${libraries} -Wl,--no-whole-archive ${OS_LINK_FLAGS})
