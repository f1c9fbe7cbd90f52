# Writes the bytes of IN as a C++ constant named embedded_NAME into OUT.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")  # lines of 16 bytes
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
file(WRITE ${OUT} "#include \"${HEADER}.h\"\n\nnamespace belamy {\nstatic const char bytes_${NAME}[] = {\n${bytes}'\\0'};\n"
  "const std::string_view embedded_${NAME}(bytes_${NAME}, sizeof(bytes_${NAME}) - 1);\n}  // namespace belamy\n")
