#!/usr/bin/env bash
# The slurm executor on a real Slurm of one machine, started here from Debian's packages (slurm-wlm, munge) as root:
# a job that is warned saves its state, is queued again and goes on; a campaign of arrays ends with every run done.
# one_machine_slurm.sh LETHE SOURCE. Exits with 77 where Slurm is missing.
set -euo pipefail
lethe=$1 source=$2
for word in munged slurmctld slurmd sbatch; do
  command -v "$word" > /dev/null || { echo "skipped: needs $word (Debian: slurm-wlm, munge)"; exit 77; }
done
[[ $(id -u) == 0 ]] || { echo "skipped: needs root, to start Slurm"; exit 77; }

work=$(mktemp -d) host=$(hostname -s)
export SLURM_CONF=$work/slurm.conf
finish() {
  for daemon in slurmd slurmctld; do [[ -f $work/$daemon.pid ]] && kill "$(cat "$work/$daemon.pid")" || true; done
  [[ -n ${munge_pid:-} ]] && kill "$munge_pid" || true
  sleep 1
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "FAILED: $1"; tail -n 5 "$work"/*.log "$work"/*/tasks/*.log 2> /dev/null || true; exit 1; }
# Waits until a command succeeds; fails with a sentence after some seconds.
await() {
  local seconds=$1 sentence=$2; shift 2
  for ((i = 0; i < 5 * seconds; ++i)); do "$@" > /dev/null 2>&1 && return; sleep 0.2; done
  fail "$sentence"
}

mkdir "$work/state" "$work/spool"
if ! munge -n > /dev/null 2>&1; then  # an authentication daemon that runs already is used
  dd if=/dev/urandom of="$work/key" bs=128 count=1 status=none
  chmod 0700 "$work" && chmod 0400 "$work/key"
  munged --foreground --force --key-file="$work/key" --socket="$work/munge" --log-file="$work/munged.log" \
    --pid-file="$work/munged.pid" --seed-file="$work/seed" &
  munge_pid=$!
  chmod 0711 "$work"
  socket=$work/munge
  await 10 "munged did not start" test -S "$socket"
fi
cat > "$SLURM_CONF" << END
ClusterName=one
SlurmctldHost=$host
AuthType=auth/munge
AuthInfo=socket=${socket:-/run/munge/munge.socket.2}
CredType=cred/munge
SlurmUser=root
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldPort=26817
SlurmdPort=26818
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
JobRequeue=1
SchedulerParameters=sched_interval=2,requeue_delay=1
SlurmdParameters=config_overrides
NodeName=$host CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
slurmctld -f "$SLURM_CONF" && slurmd -f "$SLURM_CONF"
is_idle() { [[ $(sinfo -h -o %T) == idle ]]; }
is_empty() { [[ -z $(squeue -h) ]]; }
await 30 "the node did not become idle" is_idle
cd "$source"

# 1. Warned, saved, queued again, done.
cat > "$work/one.yaml" << END
campaign:
  executor: {name: slurm, submit: jobs, warning_seconds: 10}
  stages:
    - name: unlearn
      config: $source/configs/smoke/common.yaml
      settings:
        objective: npo
        train: {max_steps: 150, forget_batch: 4, retain_batch: 4}
        eval: {before: false, after: false}
        export: false
END
"$lethe" campaign "$work/one.yaml" --out "$work/one" || fail "nothing was submitted"
records=$work/one/runs/unlearn-*/records.jsonl
has_steps() { grep -q '"kind": *"step"' $records; }
await 120 "the job made no step" has_steps
job=$(squeue -h -o %A)
scancel --batch --signal=USR1 "$job"
was_requeued() { scontrol show job "$job" | grep -q 'Restarts=1'; }
await 120 "the warned job was not queued again" was_requeued
await 300 "the job did not end" is_empty
# Every step once: what was saved was not repeated.
steps=$(grep -o '"step": *[0-9]*' <(grep '"kind": *"step"' $records) | sort | uniq -c | awk '{ print $1 }' | sort | uniq -c | tr -s ' ')
[[ $steps == " 150 1" ]] || fail "steps were lost or repeated: $steps"
grep -q '"resumed_from_step": *[1-9]' $records || fail "the run did not go on from its state"
echo "ok: a warned job saved its state, was queued again and made the other steps"

# 2. A campaign of arrays, every stage; submitted again in between, repeating nothing.
again() { "$lethe" campaign configs/campaign/smoke.yaml --out "$work/all" --set 'campaign.executor={name: slurm}'; }
again && again || fail "nothing was submitted"
await 900 "the campaign did not end" is_empty
[[ $(again 2>&1) == *"cells 8/8 done"* ]] || fail "not every cell is done"
(("$(ls -d "$work"/all/runs/* | wc -l)" == 18)) || fail "not every run is there"
for run in "$work"/all/runs/*; do
  (("$(grep -c '"kind": *"summary"' "$run/records.jsonl")" == 1)) || fail "$run ran more than once"
done
echo "ok: a campaign of arrays ended, every run once"
