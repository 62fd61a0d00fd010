// The lexis and grammar of conditions: literals, precedence, what is refused and where.

#include <doctest/doctest.h>

#include "tests/rules/cel_support.h"

using namespace cel_test;

TEST_CASE("numbers are read in every form of the language") {
  CHECK(outcome("42") == "42");
  CHECK(outcome("007") == "7");
  CHECK(outcome("0xFf") == "255");
  CHECK(outcome("-0x10") == "-16");
  CHECK(outcome("42u") == "42");
  CHECK(outcome("0xFFU") == "255");
  CHECK(outcome("1.5") == "1.5");
  CHECK(outcome(".5") == "0.5");
  CHECK(outcome("1e3") == "1000.0");
  CHECK(outcome("2.5e-3") == "0.0025");
  CHECK(outcome("-2.3e+1") == "-23.0");
}

TEST_CASE("the limits of 64 bits can be written and no more") {
  CHECK(outcome("9223372036854775807") == "9223372036854775807");
  CHECK(outcome("-9223372036854775808") == "-9223372036854775808");
  CHECK(outcome("-0x8000000000000000") == "-9223372036854775808");
  CHECK(outcome("18446744073709551615u") == "18446744073709551615");
  CHECK(compile_errors("9223372036854775808").find("1:1: the number is too large for int") == 0);
  CHECK(compile_errors("1 - 9223372036854775808").find("1:5: the number is too large for int") == 0);
  CHECK(compile_errors("18446744073709551616u").find("1:1: the number is too large for 64 bits") == 0);
  CHECK(compile_errors("1e309").find("1:1: the number is too large for a double") == 0);
  CHECK(outcome("1e-400") == "0.0");
}

TEST_CASE("strings are quoted once or three times, raw or with escapes") {
  CHECK(outcome(R"('it\'s')") == R"("it's")");
  CHECK(outcome(R"("say \"a\"")") == R"("say \"a\"")");
  CHECK(outcome("'''x''x'''") == R"("x''x")");
  CHECK(outcome("\"\"\"a\nb\"\"\"") == R"("a\nb")");
  CHECK(outcome(R"(r"\d+\\")") == R"("\\d+\\\\")");
  CHECK(outcome(R"(R'''a'b''')") == R"("a'b")");
  CHECK(outcome(R"("\a\b\f\n\r\t\v\?\`")") == R"("\u0007\u0008\u000c\n\r\t\u000b?`")");
  CHECK(outcome(R"("\x41\X42\103\u00e9\U0001F431")") == "\"ABC\u00e9\U0001F431\"");
  CHECK(outcome(R"("\377" == "\u00ff" && "\xff" == "ÿ")") == "true");
}

TEST_CASE("escapes of bytes are octets, those of strings code points") {
  CHECK(outcome(R"(b"\303\277" == b"ÿ")") == "true");
  CHECK(outcome(R"(size(b"\377\xff") == 2)") == "true");
  CHECK(outcome(R"(rb"\x" == b"\\x" && bR'\x' == B"\\x")") == "true");
  CHECK(compile_errors(R"(b"\u0041")").find("1:3: \\u names a code point") == 0);
}

TEST_CASE("a broken string or escape is refused at its place") {
  CHECK(compile_errors("'abc").find("1:1: the text that begins here has no closing '") == 0);
  CHECK(compile_errors("1 + \"a\nb\"").find("1:5: the text that begins here has no closing \" on its line") == 0);
  CHECK(compile_errors("'''a''").find("1:1: the text that begins here has no closing '''") == 0);
  CHECK(compile_errors(R"("a\s")").find("1:3: '\\s' is no escape sequence") == 0);
  CHECK(compile_errors(R"("\08")").find("1:2: an octal escape has three digits") == 0);
  CHECK(compile_errors(R"("\x4")").find("1:2: \\x is followed by 2 hexadecimal digits") == 0);
  CHECK(compile_errors(R"("\uD83D\uDE03")").find("1:2: the escape names no Unicode code point") == 0);
  CHECK(compile_errors(R"("\U00110000")").find("1:2: the escape names no Unicode code point") == 0);
  CHECK(compile_errors("'a\xff'") == "1:3: the text is not valid UTF-8");
}

TEST_CASE("operators bind as the language says and associate to the left") {
  CHECK(outcome("1 + 2 * 3") == "7");
  CHECK(outcome("(1 + 2) * 3") == "9");
  CHECK(outcome("10 - 3 - 2") == "5");
  CHECK(outcome("100 / 10 / 5") == "2");
  CHECK(outcome("7 % 4 * 2") == "6");
  CHECK(outcome("1 + 1 == 2 && 3 > 2") == "true");
  CHECK(outcome("true || false && false") == "true");
  CHECK(outcome("1 < 2 == true") == "true");
  CHECK(outcome("1 in [1] && 2 in [2]") == "true");
  CHECK(outcome("-2 * -3") == "6");
  CHECK(outcome("--2") == "2");
  CHECK(outcome("!!true") == "true");
  CHECK(outcome("-{'a': 2}.a") == "-2");
  CHECK(outcome("false ? 1 : true ? 2 : 3") == "2");
}

TEST_CASE("what stands between ? and : is no conditional without parentheses") {
  CHECK(outcome("true ? (true ? 1 : 2) : 3") == "1");
  CHECK_FALSE(compile_errors("true ? true ? 1 : 2 : 3").empty());
}

TEST_CASE("comments and white space part the tokens and mean nothing else") {
  CHECK(outcome("[ 1 , // one\n 2\t,\r\n 3\f]\n[ 0 ] // done") == "1");
  CHECK(compile_errors("// nothing") == "1:1: the expression is empty");
  CHECK(compile_errors("") == "1:1: the expression is empty");
}

TEST_CASE("lists and maps may end with a comma, calls may not") {
  CHECK(outcome("[1, 2,]") == "[1,2]");
  CHECK(outcome("[,]") == "[]");
  CHECK(outcome("{'a': 1,}") == R"({"a":1})");
  CHECK_FALSE(compile_errors("size([1],)").empty());
  CHECK_FALSE(compile_errors("[1,,2]").empty());
}

TEST_CASE("reserved words name fields but no variables, keywords name nothing") {
  CHECK(outcome("{'for': 1}.for") == "1");
  CHECK(compile_errors("for == 1") == "1:1: 'for' is a reserved word and names no variable or function");
  CHECK(compile_errors("while(1)").find("1:1: 'while' is a reserved word") == 0);
  CHECK(compile_errors("{'in': 1}.in").find("1:11: expected a field name after '.'") == 0);
  CHECK(outcome("true", {{"true", cel::Value(false)}}) == "true");
}

TEST_CASE("a field name in backticks may hold what a plain one cannot") {
  CHECK(outcome("{'content-type': 1}.`content-type`") == "1");
  CHECK(outcome("has({'a.b': 1}.`a.b`) && !has({'a.b': 1}.`a/b`)") == "true");
  CHECK_FALSE(compile_errors("`a`").empty());
  CHECK_FALSE(compile_errors("{}.``").empty());
}

TEST_CASE("a leading dot names the variable that a macro's name hides") {
  const Variables variables = {{"x", cel::Value(std::int64_t{1})}};
  CHECK(outcome("[2].exists(x, x == 2 && .x == 1)", variables) == "true");
  CHECK(outcome("[2].exists(y, .y == 2)", variables).find("refused: ") == 0);
}

TEST_CASE("a qualified name is the longest variable that fits") {
  const Variables variables = {{"a.b", cel::Value(cel::Map{{cel::Value("c"), cel::Value("field")}})},
                               {"a.b.c", cel::Value("variable")},
                               {"a", cel::Value(cel::Map{{cel::Value("d"), cel::Value("map")}})}};
  CHECK(outcome("a.b.c", variables) == R"("variable")");
  CHECK(outcome("a.d", variables) == R"("map")");
  CHECK(outcome("[{'b': {'c': 1}}].map(a, a.b.c)", variables) == "[1]");
}

TEST_CASE("a syntax error says what was expected, what was got and where") {
  CHECK(compile_errors("1 +") == "1:4: expected a value, but the expression ends");
  CHECK(compile_errors("1 1") == "1:3: expected an operator or the end of the expression, got '1'");
  CHECK(compile_errors("(1") == "1:3: expected ')', but the expression ends");
  CHECK(compile_errors("a = 1") == "1:3: '=' is no operator; compare with '=='");
  CHECK(compile_errors("a & b") == "1:3: '&' is no operator; combine conditions with '&&'");
  CHECK(compile_errors("1 # 2") == "1:3: unexpected character '#'");
  CHECK(compile_errors("1 é 2") == "1:3: unexpected character 'é'");
  CHECK(compile_errors("true &&\n 'é' + )") == "2:8: expected a value, got ')'");
  CHECK(compile_errors("-!true") == "1:2: expected a value, got '!'");
}

TEST_CASE("messages and optional syntax are refused by name") {
  CHECK(compile_errors("google.protobuf.Value{}").find("protocol buffer messages cannot be built here") !=
        std::string::npos);
  CHECK(compile_errors("{}.?a").find("optional syntax") != std::string::npos);
  CHECK(compile_errors("[?1]").find("optional syntax") != std::string::npos);
  CHECK(compile_errors("{?'a': 1}").find("optional syntax") != std::string::npos);
  CHECK(compile_errors("[1][?0]").find("optional syntax") != std::string::npos);
}

TEST_CASE("the repetitions that every implementation has to support are supported") {
  const auto repeat = [](std::string_view part, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += part;
    return out;
  };
  CHECK(outcome(repeat("true && ", 32) + "true") == "true");
  CHECK(outcome(repeat("1 + ", 100) + "1") == "101");
  CHECK(outcome(repeat("false ? 1 : ", 32) + "2") == "2");
  CHECK(outcome(repeat("[", 100) + repeat("]", 100)) == repeat("[", 100) + repeat("]", 100));
  CHECK(outcome(repeat("(", 100) + "1" + repeat(")", 100)) == "1");
  CHECK(outcome(repeat("!", 100) + "true") == "true");
  CHECK(outcome(repeat("int(", 32) + "1" + repeat(")", 32)) == "1");
}
