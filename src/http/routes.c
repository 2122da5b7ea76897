/* routes.c - everything that can be asked for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "http/api.h"
#include "http/mlflow.h"

/* what a row does not say is 0 or NULL */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

enum { RANGE_BYTES_MAX = 16 * KM_MIB };

static const struct km_route_query runs_query[] = {
    {"project", "runs of this project only"},
    {"contains", "runs whose name, id or group contains this"},
    {"order", "newest (the default) or name"},
    {"limit", "at most so many, 1 to 10000; 100"},
    {"cursor", "`next` of the page before"},
};

static const struct km_route_query fleet_query[] = {
    {"project", "runs of this project only"},
    {"contains", "runs whose name, id, project or group contains this"},
    {"going", "1: only those under way"},
    {"order", "newest (the default: those under way first), name, velocity or "
              "best"},
    {"skip", "leave out so many; 0"},
    {"limit", "at most so many, 1 to 10000; 100"},
};

static const struct km_route_query events_query[] = {
    {"run", "changes of this run only"},
    {"project", "changes of runs of this project only"},
    {"after", "`cursor` of a list, where there is no Last-Event-ID"},
};

static const struct km_route_query points_query[] = {
    {"from", "first step; the first there is"},
    {"until", "last step; the last there is"},
    {"points", "about so many are given, 4 to 20000; 1000"},
    {"raw", "1: every point, with time and attempt"},
    {"format", "binary: of raw=1, columns of doubles; json"},
};

static const struct km_route_query charts_query[] = {
    {"curves", "RUN:SERIES,RUN:SERIES,..., ids as the lists give them; 256"},
    {"axis", "step (the default), token, sample, epoch, second, active ..."},
    {"pixels", "at most two points for each, 2 to 10000; 500"},
    {"from", "first step; the first there is"},
    {"until", "last step; the last there is"},
};

static const struct km_route_query range_query[] = {
    {"offset", "byte of the segment at which the body begins"},
    {"gone", "1: segments before this one were deleted by the writer"},
};

#define QUERY(table) (table), sizeof(table) / sizeof *(table)

const struct km_route km_routes[] = {
    {KM_GET, "/health", KM_SCOPE_NOBODY, "health",
     "Is the server well, and which version is it?", NULL, 0, NULL, 0, NULL,
     km_api_health},
    {KM_GET, "/version", KM_SCOPE_NOBODY, "version",
     "The version alone, as clients of MLflow ask for it.", NULL, 0, NULL, 0,
     "text/plain", km_mlflow_version},
    {KM_GET, "/api/v1/openapi.json", KM_SCOPE_NOBODY, "openapi",
     "This document.", NULL, 0, NULL, 0, NULL, km_api_openapi},
    {KM_GET, "/api/v1/figures", KM_SCOPE_READ, "listFigures",
     "The registry: what each figure means, needs and rests on.", NULL, 0, NULL,
     0, NULL, km_api_figures},
    {KM_GET, "/metrics", KM_SCOPE_READ, "metrics",
     "The server and the runs under way, for Prometheus.", NULL, 0, NULL, 0,
     "text/plain", km_api_metrics},
    {KM_GET, "/api/v1/fleet", KM_SCOPE_READ, "fleet",
     "All runs at a glance: state, curve, velocity, speed, forecast, verdict.",
     QUERY(fleet_query), NULL, 0, NULL, km_api_fleet},
    {KM_GET, "/api/v1/events", KM_SCOPE_READ, "events",
     "Server-sent events: `run` with a row of the fleet for each change, "
     "`reload` where some were missed.",
     QUERY(events_query), NULL, 0, "text/event-stream", km_api_events},
    {KM_GET, "/api/v1/runs", KM_SCOPE_READ, "listRuns", "Runs, page by page.",
     QUERY(runs_query), NULL, 0, NULL, km_api_runs},
    {KM_GET, "/api/v1/runs/{run}", KM_SCOPE_READ, "getRun", "One run.", NULL, 0,
     NULL, 0, NULL, km_api_run},
    {KM_GET, "/api/v1/runs/{run}/config", KM_SCOPE_READ, "getConfig",
     "What was chosen before the run, and what is said about it.", NULL, 0,
     NULL, 0, NULL, km_api_run_config},
    {KM_GET, "/api/v1/runs/{run}/scorecard", KM_SCOPE_READ, "getScorecard",
     "Every figure of a run, with its curves.", NULL, 0, NULL, 0, NULL,
     km_api_run_card},
    {KM_GET, "/api/v1/runs/{run}/series", KM_SCOPE_READ, "listSeries",
     "The series of a run, with their summaries.", NULL, 0, NULL, 0, NULL,
     km_api_run_series},
    {KM_GET, "/api/v1/runs/{run}/series/{series}", KM_SCOPE_READ, "getPoints",
     "The points of a series as columns, reduced for drawing.",
     QUERY(points_query), NULL, 0, NULL, km_api_series_points},
    {KM_GET, "/api/v1/charts", KM_SCOPE_READ, "getCharts",
     "The curves of a page, reduced for drawing, on one axis.",
     QUERY(charts_query), NULL, 0, NULL, km_api_charts},
    {KM_GET, "/api/v1/journals/{writer}", KM_SCOPE_WRITE, "getJournalPlace",
     "Where the store stands with a journal: the next range begins there.",
     NULL, 0, NULL, 0, NULL, km_api_journal_place},
    {KM_POST, "/api/v1/journals/{writer}/{segment}", KM_SCOPE_WRITE,
     "postJournalRange",
     "Takes a range of a journal where it joins; the answer, also of 409, says "
     "where the next one begins.",
     QUERY(range_query), "application/octet-stream", RANGE_BYTES_MAX, NULL,
     km_api_journal_take},
};
const size_t km_route_count = sizeof km_routes / sizeof *km_routes;
