<#
.SYNOPSIS
    Builds, demonstrates, tests, documents, measures, packages and installs the module.

.DESCRIPTION
    Build      Builds the importable module in out/Splice.
    Demo       Builds the module and runs examples/quickstart.ps1 with it.
    Setup      Installs what the tests need, as root on Debian and Ubuntu. Elsewhere it lists what is missing.
    Test       Builds everything and runs the tests: xunit for the engine, random calls of every cmdlet, and Pester
               for the module. Ends with the counts of all suites.
    Docs       Generates the MAML help from docs/en-US (needs Microsoft.PowerShell.PlatyPS). Commit the result.
    Benchmark  Runs the jobs in benchmarks/jobs beside their peers. The results go to out/benchmarks.
    Package    Builds the package for the gallery in out/. The same sources give the same bytes.
    Picture    Regenerates docs/images/terminal.svg from a real terminal (needs root, sshd, tmux, and Python with rich).
    Install    Installs out/Splice to the module path of the current user.
    Clean      Removes what the build generated.

.EXAMPLE
    dotnet tool restore && dotnet pwsh build.ps1 -Task Demo

    Builds and demonstrates the module on a machine with the .NET SDK and nothing else.

.EXAMPLE
    ./build.ps1 -Task Test -Setup

    Installs what the tests need, then runs them. This is the everyday run; -Full adds the full matrices and the long rounds.

.EXAMPLE
    ./build.ps1 -Task Test -Suite Pester -Path tests/Pester/Culture.Tests.ps1

    Runs one file of the Pester suite.

.EXAMPLE
    ./build.ps1 -Task Benchmark -Job large-file, range -Quick

.EXAMPLE
    ./build.ps1 -Task Benchmark -Job call-overhead, small-files, large-file -Quick -Compare main

    Builds the module of another commit too, and reports the ratio of the times for each case: a check for regressions.
#>
[CmdletBinding()]
param(
    # What to do, in order.
    [ValidateSet('Build', 'Demo', 'Setup', 'Test', 'Docs', 'Benchmark', 'Package', 'Picture', 'Install', 'Clean')]
    [string[]] $Task = @('Build'),

    # The configuration to build.
    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',

    # For Test: runs the Setup task first.
    [switch] $Setup,
    # For Test: runs the full matrices and the long rounds.
    [switch] $Full,
    # For Test: the suites to run.
    [ValidateSet('Engine', 'Fuzz', 'Pester')]
    [string[]] $Suite = @('Engine', 'Fuzz', 'Pester'),
    # For Test: the files of the Pester suite to run.
    [string[]] $Path,

    # For Package: the page of the project.
    [uri] $ProjectUri,

    # For Benchmark: the jobs to run. Default: all. See benchmarks/Invoke-Benchmark.ps1.
    [string[]] $Job,
    # For Benchmark: the number of rounds.
    [int] $Rounds,
    # For Benchmark: small sizes and few rounds.
    [switch] $Quick,
    # For Benchmark: the folders to work in.
    [string[]] $Folder,
    # For Benchmark: a commit whose module is compared with this one instead of peers.
    [string] $Compare,
    # For Benchmark: writes the last results into the documents.
    [switch] $UpdateDocs
)

#requires -Version 7.4
$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/build/Get-Pwsh.ps1"
. "$PSScriptRoot/build/PlainHelp.ps1"
. "$PSScriptRoot/build/Test.ps1"
$output = "$PSScriptRoot/out"
$moduleFolder = "$output/Splice"
$helpFolder = "$PSScriptRoot/src/SpliceModule/en-US"

function Invoke-Native([string] $Command, [string[]] $Arguments) {
    & $Command @Arguments
    if ($LASTEXITCODE) { throw "'$Command $Arguments' ended with exit code $LASTEXITCODE." }
}

function Assert-Module([string] $Name, [version] $MinimumVersion) {
    $found = Get-Module -ListAvailable $Name | Where-Object Version -GE $MinimumVersion
    if (-not $found) { throw "$Name $MinimumVersion or later is missing. Get it with: Install-PSResource $Name" }
}

function Invoke-Build {
    Invoke-Native dotnet @('build', "$PSScriptRoot/src/SpliceModule", '-c', $Configuration, '--nologo')
}

function Invoke-Demo {
    Invoke-Build
    # A dll cannot be unloaded: the module is imported in a process of its own.
    Invoke-Native (Get-Pwsh) @('-NoProfile', '-Command', "Import-Module '$moduleFolder/Splice.psd1'; & '$PSScriptRoot/examples/quickstart.ps1'")
}

function Invoke-Docs {
    Assert-Module Microsoft.PowerShell.PlatyPS 1.0.0
    $made = [IO.Path]::Combine([IO.Path]::GetTempPath(), "splice-help-$PID")
    try {
        # about_ topics are text already, and a module page stops the export.
        $pages = Get-ChildItem "$PSScriptRoot/docs/en-US" -Filter *-*.md
        $pages | Import-MarkdownCommandHelp | Export-MamlCommandHelp -OutputFolder $made -Force | Out-Null
        $null = New-Item -ItemType Directory -Force $helpFolder
        foreach ($file in Get-ChildItem $made -Recurse -Filter *-Help.xml) {
            Set-Content "$helpFolder/$($file.Name)" (Add-HelpDefault (ConvertTo-PlainHelp (Get-Content $file -Raw)) "$PSScriptRoot/docs/en-US") -NoNewline
        }
    }
    finally {
        Remove-Item $made -Recurse -Force -ErrorAction Ignore
    }
}

function Invoke-Benchmark {
    Invoke-Build
    $chosen = @{ Quick = $Quick; UpdateDocs = $UpdateDocs }
    foreach ($name in 'Job', 'Rounds', 'Folder', 'Compare') {
        $value = Get-Variable $name -ValueOnly
        if ($value) { $chosen[$name] = $value }
    }

    & "$PSScriptRoot/benchmarks/Invoke-Benchmark.ps1" @chosen
}

function Invoke-Package {
    $arguments = 'pack', "$PSScriptRoot/src/SpliceModule", '-c', $Configuration, '-o', $output, '--nologo'
    if ($ProjectUri) { $arguments += "-p:PackageProjectUrl=$ProjectUri" }
    Invoke-Native dotnet $arguments
    Get-Item "$output/Splice.$((Import-PowerShellDataFile "$moduleFolder/Splice.psd1").ModuleVersion).nupkg"
}

function Invoke-Picture {
    Invoke-Build
    & "$PSScriptRoot/docs/images/New-TerminalImage.ps1" -Module $moduleFolder
}

function Invoke-Install {
    Invoke-Build
    $version = (Import-PowerShellDataFile "$moduleFolder/Splice.psd1").ModuleVersion
    $target = "$([Environment]::GetFolderPath('LocalApplicationData'))/powershell/Modules/Splice/$version"
    $null = New-Item -ItemType Directory -Force $target
    Copy-Item -Path "$moduleFolder/*" -Destination $target -Recurse -Force
    Get-Module -ListAvailable Splice | Where-Object ModuleBase -EQ $target
}

function Invoke-Clean {
    $made = Get-ChildItem $PSScriptRoot -Directory -Recurse -Include bin, obj
    @($made.FullName; $output) | Where-Object { Test-Path $_ } | Remove-Item -Recurse -Force
}

foreach ($name in $Task) {
    & "Invoke-$name"
}
