"""Users, plans and access tokens: gRPC for the mesh, plain HTTP for keys and sign-in."""
