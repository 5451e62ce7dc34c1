# Made by nn2flash 0.1.0; do not edit. For find_package(tiny): the sources, built with your project.
if(NOT TARGET tiny::tiny)
  add_subdirectory("${CMAKE_CURRENT_LIST_DIR}" "${CMAKE_BINARY_DIR}/nn2flash/tiny" EXCLUDE_FROM_ALL)
endif()
