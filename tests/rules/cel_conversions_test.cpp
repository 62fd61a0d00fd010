#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>

#include "rules/cel/conversions.h"
#include "tests/rules/cel_support.h"

using namespace cel_test;

TEST_CASE("int() truncates doubles and refuses what does not fit") {
  CHECK(outcome("[int(1.9), int(-7.9), int(42u), int('-5'), int('+5')]") == "[1,-7,42,-5,5]");
  CHECK(outcome("int(timestamp('2004-09-16T23:59:59.9Z'))") == "1095379199");
  CHECK(outcome("int(timestamp('1969-12-31T23:59:59.5Z'))") == "-1");
  CHECK(outcome("int(9223372036854775807.0)") == "error: int(): the number is out of range");
  CHECK(outcome("int(-9223372036854775808.0)") == "error: int(): the number is out of range");
  CHECK(outcome("int(0.0/0.0)") == "error: int(): the number is out of range");
  CHECK(outcome("int(18446744073709551615u)") == "error: int(): the number is out of range");
  CHECK(outcome("int('9223372036854775808')") == "error: int(): the number is out of range");
  for (const char* text : {"", " 1", "1.5", "0x10", "1u", "+-1", "one"}) {
    CHECK(outcome("int('" + std::string(text) + "')") == "error: int(): the text is no such number");
  }
  CHECK(outcome("int(dyn(true))") == "error: no matching overload: int(bool)");
}

TEST_CASE("uint() refuses what is negative or does not fit") {
  CHECK(outcome("[uint(1.9), uint(7), uint('300')]") == "[1,7,300]");
  CHECK(outcome("uint(-1)") == "error: uint(): the number is out of range");
  CHECK(outcome("uint(-0.5)") == "error: uint(): the number is out of range");
  CHECK(outcome("uint(18446744073709551616.0)") == "error: uint(): the number is out of range");
  CHECK(outcome("uint('-1')") == "error: uint(): the text is no such number");
}

TEST_CASE("double() reads decimal notation, infinities and NaN") {
  CHECK(outcome("[double(1), double(2u), double('1e3'), double('-.5'), double('+5.')]") == "[1.0,2.0,1000.0,-0.5,5.0]");
  CHECK(outcome("[double('inf'), double('-Infinity'), double('NaN')]") == R"(["Infinity","-Infinity","NaN"])");
  CHECK(outcome("double('-0.0')") == "-0.0");
  CHECK(outcome("double('1e400')") == "error: double(): the number is out of range");
  CHECK(outcome("double('1e-400')") == "0.0");
  CHECK(outcome("double('0x1p3')") == "error: double(): the text is no such number");
  CHECK(outcome("double('nan(1)')") == "error: double(): the text is no such number");
}

TEST_CASE("string() writes every scalar, bytes only when they are UTF-8") {
  CHECK(outcome("[string(-4), string(4u), string(true), string('a')]") == R"(["-4","4","true","a"])");
  CHECK(outcome("[string(123.456), string(-4.5e-3), string(1.0), string(1e6), string(1e21), string(0.0/0.0)]") ==
        R"(["123.456","-0.0045","1","1000000","1e+21","NaN"])");
  CHECK(outcome("string(b'\\303\\277')") == "\"ÿ\"");
  CHECK(outcome("string(b'\\000\\xff')") == "error: string(): the bytes are not valid UTF-8");
  CHECK(outcome("string(b'\\xed\\xa0\\x80')") == "error: string(): the bytes are not valid UTF-8");
  CHECK(outcome("string(timestamp(0)) + string(duration('90s'))") == R"("1970-01-01T00:00:00Z90s")");
  CHECK(outcome("string(dyn([1]))") == "error: no matching overload: string(list)");
}

TEST_CASE("bool() reads the usual spellings and no others") {
  CHECK(outcome("['1', 't', 'T', 'true', 'True', 'TRUE'].all(x, bool(x))") == "true");
  CHECK(outcome("['0', 'f', 'F', 'false', 'False', 'FALSE'].exists(x, bool(x))") == "false");
  CHECK(outcome("bool('TrUe')") == "error: bool(): the text is neither true nor false");
  CHECK(outcome("bool(dyn(1))") == "error: no matching overload: bool(int)");
}

TEST_CASE("bytes() gives the octets of a text") {
  CHECK(outcome("bytes('ÿ') == b'\\303\\277' && bytes(b'a') == b'a'") == "true");
  CHECK(outcome("bytes('\\377') == b'\\377'") == "false");
}

TEST_CASE("type() names the kind of a value, and types are values") {
  CHECK(outcome("[type(1), type(1u), type(1.0), type('a'), type(b'a'), type(true), type(null)]") ==
        R"(["int","uint","double","string","bytes","bool","null_type"])");
  CHECK(outcome("[type([1]), type({}), type(timestamp(0)), type(duration('1s')), type(int), type(type)]") ==
        R"(["list","map","google.protobuf.Timestamp","google.protobuf.Duration","type","type"])");
  CHECK(outcome("type(1) == int && type('a') != int && type(timestamp(0)) == google.protobuf.Timestamp") == "true");
  CHECK(outcome("type([1]) == type(['a']) && type(int) == type(string)") == "true");
}

TEST_CASE("a variable hides the type of its name") { CHECK(outcome("map", {{"map", cel::Value("v")}}) == R"("v")"); }

TEST_CASE("a double survives its text form") {
  CHECK(rc::check([](std::int64_t bits) {
    double number = 0;
    static_assert(sizeof number == sizeof bits);
    std::memcpy(&number, &bits, sizeof number);
    RC_PRE(std::isfinite(number));
    const auto read = cel::convert(cel::Function::to_double, cel::Value(cel::to_text(number)));
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read->get<double>() == number);
  }));
}

TEST_CASE("results print as JSON") {
  CHECK(outcome("[null, true, -1, 1u, 1.0, 1e300, 0.1, 'a\"\\\\\\n\\x01é']") ==
        "[null,true,-1,1,1.0,1e+300,0.1,\"a\\\"\\\\\\n\\u0001é\"]");
  CHECK(outcome("[b'', b'a', b'ab', b'abc', b'\\xff\\xfe']") ==
        R"([{"bytes":""},{"bytes":"YQ=="},{"bytes":"YWI="},{"bytes":"YWJj"},{"bytes":"//4="}])");
  CHECK(outcome("{1: 'a', true: 'b', 'c': [], 2u: {}}") == R"({"1":"a","true":"b","c":[],"2":{}})");
  CHECK(outcome("[1.0/0.0, -1.0/0.0, -0.0, int]") == R"(["Infinity","-Infinity",-0.0,"int"])");
  CHECK(cel::to_json(cel::Value("a\xff")) == "\"a\uFFFD\"");
}
