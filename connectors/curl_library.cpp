#include "connectors/curl_library.h"

#include <curl/curl.h>

namespace relance::connectors {

bool curl_is_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

}  // namespace relance::connectors
