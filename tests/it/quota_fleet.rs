//! Three processes that want more than one account grants: what they get of it, how evenly, and what it costs them in round trips
//! to the shared state. In virtual time, against the twins' limiters and against counters that know the limit.
