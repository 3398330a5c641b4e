-- What downloads under way depend on is dropped only by who says so: these take force by now.
drop function if exists haul.drop_library(text);
drop function if exists haul.drop_client(text);
