#pragma once
// CEL equality within a budget. Lists and maps share their parts, so a small program can make a value whose tree is
// exponentially larger than its memory; every comparison therefore pays for the nodes it visits.

#include <cstddef>

#include "rules/cel/value.h"

namespace relance::rules::cel {

/// Counts down; `spend` is false once more was asked than there was.
class Budget {
 public:
  explicit Budget(std::size_t steps) : left_(steps) {}
  bool spend(std::size_t steps) {
    if (steps > left_) {
      left_ = 0;
      exhausted_ = true;
      return false;
    }
    left_ -= steps;
    return true;
  }
  bool exhausted() const { return exhausted_; }

 private:
  std::size_t left_;
  bool exhausted_ = false;
};

/// False, with the budget exhausted, when the comparison costs more than is left.
bool equal_within(const Value& a, const Value& b, Budget& budget);

/// The entry of a map under any key: numbers find each other across kinds. nullptr when there is none.
const Value* find_key(const Map& map, const Value& key);

}  // namespace relance::rules::cel
