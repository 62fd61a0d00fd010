#pragma once
// The accessors of timestamps and durations: getFullYear() to getMilliseconds(), with an optional time zone.
// Source: CEL language definition, "Date/Time Functions" and "Timezones". Zones are those of the IANA database, through
// the date library, or fixed offsets such as "+05:30".

#include "rules/cel/functions.h"
#include "rules/cel/result.h"

namespace relance::rules::cel {

/// `function` is one of Function::get_...; `zone` is nullptr for UTC.
Result access_time(Function function, const Value& value, const Value* zone);

}  // namespace relance::rules::cel
