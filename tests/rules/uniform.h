#pragma once
// A draw for properties: rapidcheck's own ranges begin narrow and grow with the number of cases, this one does not.

#include <rapidcheck.h>

namespace relance::tests {

/// from <= n < to, each as likely.
template <typename T>
T uniform(T from, T to) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(from, to));
}

}  // namespace relance::tests
