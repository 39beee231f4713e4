# Files that the program prints about itself, into OUT. Commands that this program does not have are left out.
#   cmake -DSSLDAG=build/ssldag -DOUT=build/texts -P texts.cmake
set(ENV{ASAN_OPTIONS} "detect_leaks=0")
file(REMOVE_RECURSE ${OUT})
file(MAKE_DIRECTORY ${OUT}/bash ${OUT}/zsh ${OUT}/fish ${OUT}/man ${OUT}/man1 ${OUT}/man5)

function(print file) # arguments of the program follow
  execute_process(COMMAND ${SSLDAG} ${ARGN} OUTPUT_VARIABLE text RESULT_VARIABLE code ERROR_QUIET)
  if(code EQUAL 0)
    file(WRITE ${OUT}/${file} "${text}")
  endif()
endfunction()

print(ssldag.schema.json schema)
if(NOT EXISTS ${OUT}/ssldag.schema.json)
  message(FATAL_ERROR "${SSLDAG} schema failed")
endif()
print(bash/ssldag completion bash)
print(zsh/_ssldag completion zsh)
print(fish/ssldag.fish completion fish)
execute_process(COMMAND ${SSLDAG} man ${OUT}/man RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
foreach(section 1 5)
  file(GLOB pages ${OUT}/man/*.${section})
  foreach(page ${pages})
    file(COPY ${page} DESTINATION ${OUT}/man${section})
  endforeach()
endforeach()
file(REMOVE_RECURSE ${OUT}/man)
file(TOUCH ${OUT}/stamp)
