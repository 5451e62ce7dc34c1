# Made by nn2flash 0.1.0; do not edit. For find_package(tiny VERSION): the version is
# nn2flash's; before 1.0 each minor version may change what programs see.
set(PACKAGE_VERSION "0.1.0")
set(PACKAGE_VERSION_COMPATIBLE FALSE)
set(PACKAGE_VERSION_EXACT FALSE)
string(REGEX MATCH "^(0[.])?[0-9]+" own "${PACKAGE_VERSION}")
string(REGEX MATCH "^(0[.])?[0-9]+" wanted "${PACKAGE_FIND_VERSION}")
if(own STREQUAL wanted AND NOT PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_EXACT TRUE)
endif()
