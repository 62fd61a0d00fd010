#include "engine/simulate/hash_index.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace relance::engine {

Fingerprint fingerprint_of(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

}  // namespace relance::engine
