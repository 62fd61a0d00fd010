#include "rules/sha256.h"

#include <doctest/doctest.h>

#include <string>

namespace relance::rules {
namespace {

// Source: NIST, "Examples with Intermediate Values", SHA-256.
TEST_CASE("SHA-256 gives the published digests") {
  CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(sha256(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("hexadecimal has two small digits for every octet") {
  const std::array<std::uint8_t, 4> octets{0x00, 0x0F, 0xA0, 0xFF};
  CHECK(to_hex(octets) == "000fa0ff");
}

}  // namespace
}  // namespace relance::rules
