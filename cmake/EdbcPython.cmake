# A Python that has a module. Sets the cache variable VARIABLE to its path, or to
# one ending in -NOTFOUND.
#   VARIABLE  to set
#   MODULE    that it can import
function(edbc_find_python VARIABLE MODULE)
  function(edbc_has_${MODULE} RESULT PYTHON)
    execute_process(COMMAND ${PYTHON} -c "import ${MODULE}"
                    RESULT_VARIABLE STATUS OUTPUT_QUIET ERROR_QUIET)
    if(NOT STATUS EQUAL 0)
      set(${RESULT} FALSE PARENT_SCOPE)
    endif()
  endfunction()
  find_program(${VARIABLE} python3 VALIDATOR edbc_has_${MODULE}
               DOC "A Python that has ${MODULE}")
endfunction()
