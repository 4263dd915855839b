BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $script:root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
}

Describe 'Scripts' {
    # Test files share variables between blocks, and benchmarks and examples name cp as users type it.
    It 'have nothing that PSScriptAnalyzer finds' {
        if (-not (Get-Module -ListAvailable PSScriptAnalyzer)) {
            Set-ItResult -Skipped -Because 'PSScriptAnalyzer is not installed'
        }

        $folders = 'examples', 'benchmarks', 'build', 'docs', 'tests/Pester' | ForEach-Object { "$root/$_" }
        $scripts = Get-ChildItem (@("$root/build.ps1", "$root/Splice.psd1") + $folders) -Recurse -Include *.ps1, *.psm1, *.psd1
        $scripts.Count | Should -BeGreaterThan 50
        $excluded = @('PSUseDeclaredVarsMoreThanAssignments', 'PSAvoidUsingCmdletAliases', 'PSUseSingularNouns', 'PSReviewUnusedParameter')
        $scripts | ForEach-Object { Invoke-ScriptAnalyzer $_ -ExcludeRule $excluded } |
            ForEach-Object { "$($_.ScriptName), $($_.RuleName), line $($_.Line): $($_.Message)" } | Should -BeNullOrEmpty
    }

    It 'make no folders for a test run that has ended' {
        $ended = Start-Process true -PassThru
        $ended.WaitForExit()
        $said = env "TMPDIR=$TestDrive" sh "$root/tests/run-folder.sh" begin $ended.Id 2>&1
        $LASTEXITCODE | Should -Be 1
        "$said" | Should -Be "Process $($ended.Id) does not exist."
        Get-ChildItem $TestDrive -Filter 'splice-tests-*' | Should -BeNullOrEmpty
    }

    It 'in examples: the quickstart runs' {
        $output = pwsh -NoProfile -Command "Import-Module '$root/out/Splice/Splice.psd1'; & '$root/examples/quickstart.ps1'"
        $LASTEXITCODE | Should -Be 0
        $output -join "`n" | Should -Match 'identical to the source'
    }
}
