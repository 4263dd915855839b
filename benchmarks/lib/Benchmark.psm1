# What the jobs share. It is a module so that the scripts that a job hands over see the job's variables, and not those of
# the functions that run them.
$ErrorActionPreference = 'Stop'
Add-Type -Path "$PSScriptRoot/ProcessUsage.cs"
Add-Type -Path "$PSScriptRoot/FreeMemory.cs"

# Set once by Initialize-Benchmark.
$script:rounds = 9
$script:warmUp = 1
$script:quick = $false
$script:folders = @()
$script:workName = ''
$script:job = ''
$script:alone = $false
$script:module = [IO.Path]::GetFullPath("$PSScriptRoot/../../out/Splice/Splice.psd1")

foreach ($part in 'Statistics', 'Packages', 'Contestants', 'CopyContestants', 'Probes', 'Memory', 'Cases', 'Places', 'Files', 'Peers', 'SshServer', 'Targets', 'Machine', 'Tables', 'Documents', 'Jobs', 'Comparison') {
    . "$PSScriptRoot/$part.ps1"
}
. "$PSScriptRoot/../../build/Get-Pwsh.ps1"

# Alone leaves the peers out, and what is measured beside the time.
function Initialize-Benchmark([string] $Job, [int] $Rounds, [bool] $Quick, [string[]] $Folder, [string] $WorkName, [string] $Module, [bool] $Alone) {
    $script:job = $Job
    $script:rounds = $Rounds
    $script:quick = $Quick
    $script:warmUp = $Quick ? 0 : 1
    $script:folders = $Folder
    $script:workName = $WorkName
    $script:module = $Module
    $script:alone = $Alone
}

# A script for a pwsh of its own, with the module's path in $module.
function Invoke-Shell([string] $Script, [switch] $Import) {
    $head = "`$ErrorActionPreference = 'Stop'; `$module = '$script:module'; $(if ($Import) { 'Import-Module $module;' })"
    & (Get-Pwsh) -NoProfile -NonInteractive -Command "$head $Script"
    if ($LASTEXITCODE) { throw "A pwsh for $script:job ended with exit code $LASTEXITCODE." }
}

Export-ModuleMember -Function *
