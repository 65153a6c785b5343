-- Stands behind the bridge and the transcoder: by now a call of the Connect protocol is gRPC, and
-- is routed as such. Its Status is kept, since neither passes it on.

function envoy_on_request(handle)
  handle:clearRouteCache()
end

function envoy_on_response(handle)
  local told = handle:headers():get("grpc-status-details-bin")
  if not told then
    for _ in handle:bodyChunks() do end
    local trailers = handle:trailers()
    told = trailers and trailers:get("grpc-status-details-bin")
  end
  if told then handle:streamInfo():dynamicMetadata():set(SEGUE, CONNECT_STATUS, told) end
end
