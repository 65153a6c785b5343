// A client by grpc_cpp_plugin: searches, plays, hears what plays, and reads why it is refused.
//
//   SEGUE_TOKEN=$(segue token) client 127.0.0.1:8080 harbour
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "segue/catalog/v1/catalog_service.grpc.pb.h"
#include "segue/playback/v1/playback_service.grpc.pb.h"

namespace {

namespace catalog = segue::catalog::v1;
namespace playback = segue::playback::v1;
using google::protobuf::Struct;

// How long a call may take, the stream as well.
constexpr std::chrono::seconds kPatience{10};

// What every call goes out with.
class Call : public grpc::ClientContext {
 public:
  Call() {
    set_deadline(std::chrono::system_clock::now() + kPatience);
    AddMetadata("authorization", std::string("Bearer ") + std::getenv("SEGUE_TOKEN"));
  }
};

void RequireOk(const grpc::Status& status, const std::string& call) {
  if (!status.ok()) throw std::runtime_error(call + ": " + status.error_message());
}

catalog::SearchResponse::TrackResult FirstTrack(catalog::SearchService::Stub& search,
                                                const std::string& words) {
  Call call;
  catalog::SearchRequest request;
  request.set_q(words);
  request.add_type(catalog::SearchRequest::TRACK);
  catalog::SearchResponse found;
  RequireOk(search.Search(&call, request, &found), "search");
  if (found.tracks().empty()) throw std::runtime_error("search: nothing is called " + words);
  return found.tracks(0);
}

std::string StreamOf(playback::PlaybackService::Stub& player, const std::string& track) {
  Call call;
  playback::PlayRequest request;
  request.set_track_id(track);
  request.set_device_id("cpp");
  playback::PlayResponse played;
  RequireOk(player.Play(&call, request, &played), "play");
  return played.stream_url();
}

// Follows the stream until something plays, and returns that answer.
Struct WhatPlays(playback::PlaybackService::Stub& player) {
  Call call;
  auto stream = player.WatchPlayback(&call, playback::WatchPlaybackRequest());
  playback::WatchPlaybackResponse answer;
  while (stream->Read(&answer)) {
    if (!answer.has_playback()) continue;
    call.TryCancel();
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string text;
    Struct watched;
    if (!google::protobuf::util::MessageToJsonString(answer, &text, options).ok() ||
        !google::protobuf::util::JsonStringToMessage(text, &watched).ok()) {
      throw std::runtime_error("watch: an answer that is no JSON");
    }
    return watched;
  }
  throw std::runtime_error("watch: " + stream->Finish().error_message());
}

// Tells a refusal by its code, and by its details in the types that they have.
void TellRefusal(playback::PlaybackService::Stub& player, Struct& said) {
  Call call;
  playback::SeekRequest request;
  request.set_playback_id("none");
  playback::SeekResponse answer;
  const grpc::Status refusal = player.Seek(&call, request, &answer);
  const bool wrong_argument = refusal.error_code() == grpc::StatusCode::INVALID_ARGUMENT;
  (*said.mutable_fields())["refused"].set_string_value(wrong_argument ? "INVALID_ARGUMENT" : "?");
  google::rpc::Status status;
  status.ParseFromString(refusal.error_details());
  auto* fields = (*said.mutable_fields())["fields"].mutable_list_value();
  for (const auto& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest wrong;
    if (detail.UnpackTo(&info)) (*said.mutable_fields())["reason"].set_string_value(info.reason());
    if (!detail.UnpackTo(&wrong)) continue;
    for (const auto& violation : wrong.field_violations()) {
      fields->add_values()->set_string_value(violation.field());
    }
  }
}

// What is said of the calls; the clients in other languages say the same.
Struct Listen(const std::string& edge, const std::string& words) {
  const auto channel = grpc::CreateChannel(edge, grpc::InsecureChannelCredentials());
  const auto search = catalog::SearchService::NewStub(channel);
  const auto player = playback::PlaybackService::NewStub(channel);
  const auto track = FirstTrack(*search, words);
  Struct said;
  auto& fields = *said.mutable_fields();
  fields["title"].set_string_value(track.title());
  fields["stream_url"].set_string_value(StreamOf(*player, track.id()));
  *fields["watched"].mutable_struct_value() = WhatPlays(*player);
  TellRefusal(*player, said);
  return said;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3 || std::getenv("SEGUE_TOKEN") == nullptr) {
    std::cerr << "usage: SEGUE_TOKEN=… client HOST:PORT WORDS\n";
    return 2;
  }
  try {
    std::string text;
    if (!google::protobuf::util::MessageToJsonString(Listen(words[1], words[2]), &text).ok()) {
      return 1;
    }
    std::cout << text << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
