-- A call that is no gRPC yet is made gRPC of at the edge, and never packed: a caller who says that
-- its messages are would have the service unpack what is plain.

local PACKING = { "grpc-encoding", "grpc-accept-encoding" }

function take_as_plain(handle)
  for _, name in ipairs(PACKING) do handle:headers():remove(name) end
end
