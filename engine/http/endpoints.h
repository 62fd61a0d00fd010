#pragma once
// What the routes do, without the web server around them. Threads: any.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <httplib.h>

#include "engine/http/server.h"

namespace relance::engine {

struct EndpointContext {
  EngineService& service;
  const HttpSettings& settings;
};

/// POST /v1/events with its body read.
void post_events(const EndpointContext& context, const httplib::Request& request, std::string_view body,
                 httplib::Response& response);
/// GET /v1/leads/{id}
void get_lead(const EndpointContext& context, std::string_view id, httplib::Response& response);
/// GET /v1/leads/{id}/why
void get_why(const EndpointContext& context, std::string_view id, httplib::Response& response);
/// GET /v1/ledger?from=&limit=
void get_ledger(const EndpointContext& context, const httplib::Request& request, httplib::Response& response);

/// GET /v1/playbooks
void get_playbooks(const EndpointContext& context, httplib::Response& response);
/// POST /v1/playbooks with its body read. `holder`: whose token it is; empty without tokens.
void post_playbooks(const EndpointContext& context, std::string_view body, const std::string& holder,
                    httplib::Response& response);
/// POST /v1/playbooks/preview
void post_preview(const EndpointContext& context, std::string_view body, httplib::Response& response);

/// GET /v1/halt
void get_halts(const EndpointContext& context, httplib::Response& response);
/// POST /v1/halt and /v1/resume with their bodies read. `holder` as above.
void post_halt(const EndpointContext& context, std::string_view body, const std::string& holder,
               httplib::Response& response);
void post_resume(const EndpointContext& context, std::string_view body, const std::string& holder,
                 httplib::Response& response);
/// GET /v1/parked?limit=
void get_parked(const EndpointContext& context, const httplib::Request& request, httplib::Response& response);
/// POST /v1/parked/{action} with its body read. `holder`: whose token it is; empty without tokens.
void post_parked(const EndpointContext& context, std::string_view action, std::string_view body,
                 const std::string& holder, httplib::Response& response);

/// GET and HEAD /u/{token}: asks, changes nothing.
void show_unsubscribe(const EndpointContext& context, const httplib::Request& request, std::string_view token,
                      httplib::Response& response);
/// POST /u/{token}: acts, whatever the body says.
void unsubscribe(const EndpointContext& context, const httplib::Request& request, std::string_view token,
                 httplib::Response& response);

}  // namespace relance::engine
