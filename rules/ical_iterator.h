#pragma once
// libical's iterator over the dates of a recurrence, freed when its owner goes.

#include <memory>

#include <libical/ical.h>

namespace relance::rules {

struct FreeIcalIterator {
  void operator()(icalrecur_iterator* iterator) const { icalrecur_iterator_free(iterator); }
};
using IcalIterator = std::unique_ptr<icalrecur_iterator, FreeIcalIterator>;

}  // namespace relance::rules
