# A program of gtest cases, each of which ctest runs on its own.
function(edbc_add_unit_test)
  cmake_parse_arguments(TEST "" "NAME" "SOURCES;LIBS" ${ARGN})
  add_executable(test_${TEST_NAME} ${TEST_SOURCES})
  set_target_properties(test_${TEST_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                        ${PROJECT_BINARY_DIR}/test/bin)
  target_link_libraries(test_${TEST_NAME} PRIVATE edbc_program ${TEST_LIBS}
                                                  GTest::gtest_main)
  gtest_discover_tests(test_${TEST_NAME} TEST_PREFIX ${TEST_NAME}.
                       DISCOVERY_TIMEOUT 60)
endfunction()
