# This module beside that of another commit: two modules do not fit into one process, so whole jobs take turns.

# Builds the module of a commit in a folder of its own, and returns the path of its manifest.
function Build-Commit([string] $Commit, [string] $Folder) {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    $id = git -C $root rev-parse --verify --quiet "$Commit^{commit}"
    if (-not $id) { throw "Commit '$Commit' was not found." }
    $target = "$Folder/$id"
    $manifest = "$target/out/Splice/Splice.psd1"
    if (-not [IO.File]::Exists($manifest)) {
        $null = [IO.Directory]::CreateDirectory($target)
        git -C $root archive --output "$target.tar" $id
        if ($LASTEXITCODE) { throw "git archive of $id ended with exit code $LASTEXITCODE." }
        tar -x -f "$target.tar" -C $target
        if ($LASTEXITCODE) { throw "tar of $id ended with exit code $LASTEXITCODE." }
        Remove-Item "$target.tar"
        dotnet build "$target/src/SpliceModule" -c Release --nologo -v quiet -p:RunAnalyzers=false | Out-Host
        if ($LASTEXITCODE) { throw "The build of $id ended with exit code $LASTEXITCODE." }
    }

    $manifest
}

# Runs jobs with both modules in turn, and returns the ratio of the times, this one to the other, of each case.
function Compare-Build([string] $Commit, [string[]] $Job, [string] $ResultFolder, [hashtable] $Options) {
    $modules = [ordered]@{ this = $script:module; other = Build-Commit $Commit "$ResultFolder/builds" }
    $pairs = $Options.Rounds
    $Options.Rounds = $Options.Quick ? 3 : 5
    foreach ($name in $Job) {
        $times = [ordered]@{}
        foreach ($pair in 1..$pairs) {
            foreach ($who in $modules.Keys | Get-Random -Shuffle) {
                $path = "$ResultFolder/compare-$PID.jsonl"
                Remove-Item $path -ErrorAction Ignore
                if (-not (Invoke-JobProcess $name $path @Options -Module $modules[$who] -Alone)) { throw "The job '$name' ended with an error." }
                foreach ($record in Read-Record $path | Where-Object kind -EQ result) {
                    $key = "$($record.case)|$($record.fileSystem)|$($record.contestant)"
                    if (-not $times.Contains($key)) { $times[$key] = @{ Record = $record; this = @(); other = @() } }
                    $times[$key][$who] += $record.seconds.median
                }

                Remove-Item $path
            }
        }

        foreach ($case in $times.Values) {
            $ratio = Get-RatioSpread $case.this $case.other
            [pscustomobject][ordered]@{
                Job = $name; Case = $case.Record.case; FileSystem = $case.Record.fileSystem; Cmdlet = $case.Record.contestant
                Ratio = $ratio.median; Q1 = $ratio.q1; Q3 = $ratio.q3; Seconds = ConvertTo-Figure (Get-Quantile $case.this 0.5)
            }
        }
    }
}
