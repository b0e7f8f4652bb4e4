-- Which updates (RFC 2136) PowerDNS takes: those of challenges, by the one who proves with them that names are ours.
-- PowerDNS has validated the signature; without one, the name of the key is empty.

local KEY = "acme"
local LABEL = "^_acme%-challenge%."

function updatepolicy(input)
  return input:getTsigName():equal(KEY)
    and input:getQType() == pdns.TXT
    and string.match(string.lower(input:getQName():toString()), LABEL) ~= nil
end
