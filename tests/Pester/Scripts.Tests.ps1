BeforeDiscovery {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    $scripts = @(Get-ChildItem "$root/build.ps1", "$root/Splice.psd1", "$root/examples", "$root/benchmarks", "$root/docs", "$root/tests/Pester" -Recurse -Include *.ps1, *.psm1, *.psd1 |
            ForEach-Object { @{ Name = $_.Name; Script = $_.FullName } })
    $hasAnalyzer = [bool](Get-Module -ListAvailable PSScriptAnalyzer)
}

Describe 'Scripts' {
    # Test files share variables between blocks, and benchmarks and examples name cp as users type it.
    It '<Name> has nothing that PSScriptAnalyzer finds' -ForEach $scripts -Skip:(-not $hasAnalyzer) {
        $excluded = @('PSUseDeclaredVarsMoreThanAssignments', 'PSAvoidUsingCmdletAliases', 'PSUseSingularNouns', 'PSReviewUnusedParameter')
        Invoke-ScriptAnalyzer $Script -ExcludeRule $excluded | ForEach-Object { "$($_.RuleName), line $($_.Line): $($_.Message)" } |
            Should -BeNullOrEmpty
    }

    It 'the quickstart runs' {
        $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
        $output = & ([Environment]::ProcessPath) -NoProfile -Command "Import-Module '$root/out/Splice/Splice.psd1'; & '$root/examples/quickstart.ps1'"
        $LASTEXITCODE | Should -Be 0
        $output -join "`n" | Should -Match 'identical to the source'
    }
}
