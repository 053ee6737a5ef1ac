# The CMakeLists.txt of a user's project, for ci.sh.
cmake_minimum_required(VERSION 3.16)
project(consumer C CXX)

find_package(oarlock 0.1 REQUIRED)

add_executable(c readme.c)
target_compile_features(c PRIVATE c_std_99)
target_link_libraries(c PRIVATE oarlock::oarlock)

add_executable(c-static readme.c)
target_compile_features(c-static PRIVATE c_std_99)
target_link_libraries(c-static PRIVATE oarlock::oarlock_static)

add_executable(cpp readme.cpp)
target_compile_features(cpp PRIVATE cxx_std_17)
target_link_libraries(cpp PRIVATE oarlock::oarlock)
